/** What verifying an access token costs of a command's computing. `node bench/auth.ts` prints it. */
import { createSecretKey, randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { openAccessTokens } from '../gateway/identity/access-tokens.ts';
import { commandLoadOf } from './http.ts';
import { runLoad } from './load.ts';
import { bestOf, line, type Row } from './measure.ts';
import { startProcess } from './process.ts';

const ROUNDS = 3;
const TOKENS = 10_000;

/** Milliseconds of computing for each token of many, none seen before, against those for each command of the write side alone, with all its threads. */
export async function benchAuth(): Promise<Row[]> {
  const dir = mkdtempSync(join(tmpdir(), 'bench-auth-'));
  const started = await startProcess([fileURLToPath(new URL('./write-side.ts', import.meta.url)), dir]);
  try {
    const load = await commandLoadOf(started.port);
    const command = async () => {
      const before = started.computed();
      const { requests, refused } = await runLoad(load);
      if (refused > 0) throw new Error(`${refused} of ${requests} requests were refused`);
      return (started.computed() - before) / requests;
    };
    const what = 'verifying an access token, computing, of that of a command';
    return [await bestOf({ what, unit: 'ms', target: 0.05, rounds: ROUNDS, best: 'lowest', ours: verification, bare: command })];
  } finally {
    await started.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

function verification(): number {
  const tokens = openAccessTokens(createSecretKey(randomBytes(32)), () => new Date());
  const made = Array.from({ length: TOKENS }, () => tokens.sign({ userId: randomUUID(), sessionId: randomUUID(), role: 'member' }));
  const before = process.cpuUsage();
  for (const token of made) if (!tokens.verify(token)) throw new Error('a token of ours was refused');
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000 / TOKENS;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href)
  for (const row of await benchAuth()) process.stdout.write(`${line(row)}\n`);
