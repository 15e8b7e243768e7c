import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { chanceOf } from '../../platform/event-bus/unreliable.fixture.ts';
import { openEventStore } from '../../platform/event-store/open.ts';
import { notificationHistories, startMailServer } from './whole-path.fixture.ts';

/** 5 in `npm test`, 125 in `npm run faults`. */
const KILLS = Math.ceil(Number(process.env.KILLS ?? 20) / 4);
/** Tasks that each process makes; those before are there, or are made now: the same commands. */
const TASKS = 25;
/** The default lease and a second: so much later is each process after the one before. */
const LATER = 121_000;
const PROCESS = fileURLToPath(new URL('./killed-process.fixture.ts', import.meta.url));

let child: ChildProcess | undefined;
let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'notifier-kill-'));
});
afterEach(async () => {
  child?.kill('SIGKILL');
  await rm(dataDir, { recursive: true, maxRetries: 3 });
});

it(`invariant 11: processes killed while they send (${KILLS} times) leave nothing unsent, and nothing sent twice without a word`, {
  timeout: 60_000 + KILLS * 8_000,
}, async () => {
  const chance = chanceOf(KILLS);
  let mailsToLive = Number.POSITIVE_INFINITY;
  /** Kills the process that sends: before it hears that the mail was taken, or a moment after. */
  const server = await startMailServer(() => {
    if (--mailsToLive !== 0) return 'take';
    if (chance() < 0.5) child?.kill('SIGKILL');
    else setTimeout(() => child?.kill('SIGKILL'), chance() * 10);
    return 'take';
  });

  function start(run: number, tasks: number): ChildProcess {
    const args = [dataDir, server.url, tasks, run * LATER].map(String);
    return spawn(process.execPath, ['--disable-warning=ExperimentalWarning', PROCESS, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  }

  try {
    for (let run = 0; run < KILLS; run++) {
      mailsToLive = 1 + Math.floor((chance() * TASKS) / 2);
      child = start(run, (run + 1) * TASKS);
      await once(child, 'exit');
    }
    mailsToLive = Number.POSITIVE_INFINITY;
    child = start(KILLS, KILLS * TASKS);
    let said = '';
    child.stdout?.once('data', (text) => {
      said = String(text);
      child?.kill('SIGKILL');
    });
    await once(child, 'exit');
    expect(said).toBe('decided\n');
  } finally {
    await server.stop();
  }

  const store = await openEventStore('sqlite:', { dataDir, log: { error: () => {} } });
  const histories = await notificationHistories(store);
  await store.close();
  const times = Map.groupBy(server.taken, ({ id }) => id.slice(0, id.indexOf('@')));
  expect(histories.size).toBe(KILLS * TASKS + 1);
  let sentAgain = 0;
  for (const [stream, events] of histories) {
    const mails = times.get(stream.slice('notification-'.length))?.length ?? 0;
    const unknown = events.filter(({ type }) => type === 'NotificationAttemptUnknown').length;
    expect(events.at(-1)?.type).toBe('NotificationSent');
    expect(mails).toBeGreaterThanOrEqual(1);
    expect(mails).toBeLessThanOrEqual(1 + unknown);
    sentAgain += mails - 1;
  }
  // Else the kills came too late to tell anything.
  expect(sentAgain).toBeGreaterThan(0);
});
