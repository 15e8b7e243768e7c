import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { all } from '../event-store.suite.ts';
import { openSqliteEventStore } from './sqlite.ts';

/** Number of kills: 20 in `npm test`, 500 in `npm run faults`. */
const KILLS = Number(process.env.KILLS ?? 20);
const APPENDER = fileURLToPath(new URL('./appender.fixture.ts', import.meta.url));

/** Runs an appender, kills it at a random moment after its first acknowledgement, and answers the lines that it acknowledged. */
async function appendAndKill(dataDir: string, run: number): Promise<string[]> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', APPENDER, dataDir, String(run)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.once('data', () => setTimeout(() => child.kill('SIGKILL'), Math.random() * 60));
  for await (const chunk of child.stdout) text += chunk;
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter(Boolean);
}

it(`invariant 2: acknowledged appends survive kill -9 at random moments (${KILLS} times)`, { timeout: 30_000 + KILLS * 2_000 }, async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'kill-'));
  const acknowledged: string[] = [];
  for (let run = 0; run < KILLS; run++) {
    acknowledged.push(...(await appendAndKill(dataDir, run)));
    const store = await openSqliteEventStore({ file: join(dataDir, 'events.db'), log: { error: () => {} } });
    const log = await all(store.readAll());
    const there = new Set(log.map((event) => `${event.stream} ${event.id}`));
    expect(acknowledged.filter((one) => !there.has(one))).toEqual([]);
    const revisions = new Map<string, number>();
    for (const event of log) {
      expect(event.revision).toBe((revisions.get(event.stream) ?? -1) + 1);
      revisions.set(event.stream, event.revision);
    }
    await store.close();
  }
  expect(acknowledged.length).toBeGreaterThan(KILLS);
  rmSync(dataDir, { recursive: true });
});
