/** The double of EventStoreDB as a process of its own. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Program, runScript } from './program.fixture.ts';

const DOUBLE = fileURLToPath(new URL('../platform/event-store/double/main.ts', import.meta.url));

/** The process of a server, which can be killed and started again at the same port. */
export interface StoreServer {
  port: number;
  kill(): Promise<void>;
  start(): Promise<void>;
}

/** Starts the double of EventStoreDB as a process of its own, its log below this folder. */
export async function startStoreServer(folder: string): Promise<StoreServer> {
  let running: Program | undefined;
  let port = 0;
  const start = async () => {
    running = runScript(DOUBLE, ['--folder', join(folder, 'events'), '--port', String(port)], {});
    port = Number(new URL((await running.line(/^esdb:\S+/)).replace('esdb:', 'http:')).port);
  };
  await start();
  return { port, start, kill: async () => void (await running?.end('SIGKILL')) };
}
