/** The time from start to ready, and memory, against Koa, Socket.IO and SQLite that do nothing. `node bench/start.ts` prints the lines. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { bestOf, line, type Row } from './measure.ts';
import { type StartedProcess, startProcess } from './process.ts';

const ROUNDS = 5;
/** Milliseconds after the start at which memory is measured: followers have caught up then. */
const SETTLED = 500;

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));

/** The rows of milliseconds until it listens, and of megabytes half a second later, on an empty folder that was started once before. */
export async function benchStart(): Promise<Row[]> {
  const dir = mkdtempSync(join(tmpdir(), 'bench-start-'));
  const env = { DATA_DIR: dir, PORT: '0', ADMIN_PASSWORD: 'admin-password', LOG_LEVEL: 'silent' };
  const ours = () => startProcess([here('../main.ts')], env);
  const bare = () => startProcess([here('./hello.ts'), '--stores', join(dir, 'bare.db')]);
  const time = async (start: () => Promise<StartedProcess>) => {
    const it = await start();
    await it.stop();
    return it.milliseconds;
  };
  const memory = async (start: () => Promise<StartedProcess>) => {
    const it = await start();
    await delay(SETTLED);
    const bytes = it.rss();
    await it.stop();
    return bytes / 1024 / 1024;
  };
  try {
    const common = { target: 1.5, rounds: ROUNDS, best: 'lowest' } as const;
    return [
      await bestOf({ ...common, what: 'start to ready', unit: 'ms', ours: () => time(ours), bare: () => time(bare) }),
      await bestOf({ ...common, what: 'resident memory after the start', unit: 'MB', ours: () => memory(ours), bare: () => memory(bare) }),
    ];
  } finally {
    rmSync(dir, { recursive: true });
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href)
  for (const row of await benchStart()) process.stdout.write(`${line(row)}\n`);
