/** The start of a process with the part `media` and without: the computing until it listens, and its memory half a second later. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { bestOf, type Row } from '../measure.ts';
import { startProcess } from '../process.ts';

const ROUNDS = 4;
/** Milliseconds after which followers have caught up. */
const SETTLED = 500;

/** The rows of computing and memory. */
export async function benchMediaStart(): Promise<Row[]> {
  const dir = mkdtempSync(join(tmpdir(), 'bench-media-start-'));
  const env = { DATA_DIR: dir, PORT: '0', ADMIN_PASSWORD: 'admin-password', LOG_LEVEL: 'silent' };
  const memory = { ours: [] as number[], bare: [] as number[] };
  const started = (file: string, into: number[]) => async () => {
    const it = await startProcess([fileURLToPath(new URL(file, import.meta.url))], env);
    const computed = it.computed();
    await delay(SETTLED);
    into.push(it.rss() / 1024 / 1024);
    await it.stop();
    return computed;
  };
  try {
    const computing = await bestOf({
      ...{ what: 'start with files, computing', unit: 'ms', target: 1.1, rounds: ROUNDS, best: 'lowest' as const },
      ours: started('./with-media.ts', memory.ours),
      bare: started('./without-media.ts', memory.bare),
    });
    const [a, b] = [Math.min(...memory.ours.slice(1)), Math.min(...memory.bare.slice(1))];
    return [
      computing,
      { what: 'memory after the start with files', unit: 'MB', ours: a, bare: b, ratio: a / b, target: 1.1, spread: 'least of each' },
    ];
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
