/** The processes of bench/live.ts, which it asks for events and figures. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Answer, Ask } from './live-server.ts';

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));

/** A running server: of live updates, or a Socket.IO that does nothing else. */
export interface LiveServer {
  port: number;
  ask(question: Ask): Promise<Answer>;
  stop(): void;
}

/** Starts a server of this kind. */
export async function startServer(kind: 'ours' | 'bare'): Promise<LiveServer> {
  const args = ['--expose-gc', '--disable-warning=ExperimentalWarning', here('./live-server.ts'), kind];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  return {
    port: await portOf(child),
    ask: (question) =>
      new Promise((resolve) => {
        child.once('message', (answer) => resolve(answer as Answer));
        child.send(question);
      }),
    stop: () => child.disconnect(),
  };
}

function portOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.stdout?.once('data', (text) => resolve(Number(/:(\d+)\s*$/.exec(String(text))?.[1])));
    child.once('exit', (code) => reject(new Error(`it ended with ${code}`)));
  });
}

/** Starts sockets in a process of their own, all subscribed. `heard` resolves once `total` changes have come since the start. */
export async function startSockets(port: number, sockets: number): Promise<{ heard(total: number): Promise<void>; stop(): void }> {
  const child = spawn(process.execPath, [here('./live-clients.ts'), String(port), String(sockets)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  let count = -1;
  const until = (total: number) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (count < total) return;
        child.off('message', look);
        resolve();
      };
      child.on('message', look);
      look();
    });
  child.prependListener('message', (heard) => {
    count = heard as number;
  });
  await until(0);
  return { heard: until, stop: () => child.disconnect() };
}
