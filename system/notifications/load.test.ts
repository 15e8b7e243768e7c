import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { chanceOf } from '../../platform/event-bus/unreliable.fixture.ts';
import { openEventStore } from '../../platform/event-store/open.ts';
import { checkAll, startReceivers } from './load.fixture.ts';

/** 1,000 in `npm test`, 10,000 in `npm run faults`. */
const COUNT = Number(process.env.NOTIFICATIONS ?? 1_000);
const KILLS = Math.max(4, Math.ceil(COUNT / 500));
/** The default lease and a second: so much later is each process after the one before. */
const LATER = 121_000;
const PROCESS = fileURLToPath(new URL('./load-process.fixture.ts', import.meta.url));

let child: ChildProcess | undefined;
let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'notifier-load-'));
});
afterEach(async () => {
  child?.kill('SIGKILL');
  await rm(dataDir, { recursive: true, maxRetries: 3 });
});

it(`invariant 11: whatever is offered twice, refused or killed, each comes to an end, and none is sent twice without a word (${COUNT}, killed ${KILLS} times)`, {
  timeout: 60_000 + COUNT * 60,
}, async () => {
  const chance = chanceOf(COUNT);
  let toLive = Number.POSITIVE_INFINITY;
  /** Kills the process that sends: before it hears what became of it, or a moment after. */
  const receivers = await startReceivers(() => {
    if (--toLive !== 0) return;
    if (chance() < 0.5) child?.kill('SIGKILL');
    else setTimeout(() => child?.kill('SIGKILL'), chance() * 10);
  });
  const start = (run: number, count: number) => {
    const args = [dataDir, receivers.mail.url, receivers.provider.url, count, run * LATER].map(String);
    return spawn(process.execPath, ['--disable-warning=ExperimentalWarning', PROCESS, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  };
  const share = COUNT / (KILLS + 1);

  try {
    for (let run = 0; run < KILLS; run++) {
      toLive = Math.ceil(share * (0.3 + 0.6 * chance()));
      child = start(run, Math.ceil(share * (run + 1)));
      await once(child, 'exit');
    }
    toLive = Number.POSITIVE_INFINITY;
    child = start(KILLS, COUNT);
    const [said] = await once(child.stdout as NodeJS.ReadableStream, 'data');
    expect(String(said)).toMatch(/^final\n/);
  } finally {
    // Until it is gone the file is its own.
    if (child?.kill('SIGKILL')) await once(child, 'exit');
    await receivers.stop();
  }

  const store = await openEventStore('sqlite:', { dataDir, log: { error: () => {} } });
  const { unknown, failed } = await checkAll(store, COUNT, receivers);
  await store.close();
  expect(Object.values(failed)).not.toContain(0);
  // Else the kills came too late to tell anything.
  expect(unknown).toBeGreaterThan(0);
});
