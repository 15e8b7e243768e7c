import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, vi } from 'vitest';
import { QUEUES } from '../../app/queues.ts';
import { startNotifier } from '../../notifier/notifier.ts';
import { memoryCache } from '../../platform/cache/memory/memory.ts';
import { openEventBus } from '../../platform/event-bus/open.ts';
import { chanceOf } from '../../platform/event-bus/unreliable.fixture.ts';
import { startDouble } from '../../platform/event-store/double/double.ts';
import { openEventStore } from '../../platform/event-store/open.ts';
import { openReadModels } from '../../platform/read-models/open.ts';
import { stableId } from '../../platform/stable-id.ts';
import { startProjections } from '../../projections/project.ts';
import { describeWith, rabbitMq } from '../../servers/for-tests.fixture.ts';
import { startForwarder } from '../../write-side/forwarder/forward.ts';
import { commandHandler } from '../../write-side/handle-command.ts';
import { ATTEMPTS, checkAll, countingFinal, type Receivers, sendAll, startReceivers, twice } from './load.fixture.ts';

/** 1,000 in `npm test`, 10,000 in `npm run faults`. */
const COUNT = Number(process.env.NOTIFICATIONS ?? 1_000);
/** One of so many that come has its worker, or another one of its channel, killed. */
const KILL_EVERY = 150;
/** Milliseconds of a worker's lease, which is what a killed one holds up. */
const LEASE = 4_000;
const WORKER = fileURLToPath(new URL('./load-worker.fixture.ts', import.meta.url));
const log = { info: () => {}, warn: () => {}, error: () => {} };
const channels = ['email', 'email', 'sms'] as const;

/** Worker processes, each started again when it dies. */
function keepWorking(args: (channel: string) => string[]) {
  let stopping = false;
  const running: (ChildProcess | undefined)[] = [];
  const start = (index: number) => {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', WORKER, ...args(channels[index] ?? '')], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    running[index] = child;
    child.once('exit', () => !stopping && start(index));
  };
  for (const index of channels.keys()) start(index);
  return {
    kill: (index: number) => running[index]?.kill('SIGKILL'),
    stop: () => {
      stopping = true;
      for (const one of running) one?.kill('SIGKILL');
    },
  };
}

describeWith(rabbitMq, 'delivery workers in processes of their own, on RabbitMQ', () => {
  it(`invariant 11: whatever is offered twice, refused or killed, each comes to an end, and none is sent twice without a word (${COUNT})`, {
    timeout: 300_000 + COUNT * 60,
  }, async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'notifier-load-'));
    const double = await startDouble({ folder: join(dataDir, 'events') });
    const chance = chanceOf(COUNT);
    const busUrl = await rabbitMq.vhost();
    const { signal } = new AbortController();
    let workers: ReturnType<typeof keepWorking> | undefined;
    let [came, kills] = [0, 0];
    const receivers: Receivers = await startReceivers(() => {
      if (++came % KILL_EVERY !== 0 || came > COUNT) return;
      kills++;
      const kill = () => workers?.kill(Math.floor(chance() * channels.length));
      if (chance() < 0.5) kill();
      else setTimeout(kill, chance() * 20);
    });
    const store = await openEventStore(double.url, { dataDir, log, signal });
    const bus = await openEventBus(busUrl, { queues: QUEUES, log, signal });
    const readModels = await openReadModels('sqlite:', { dataDir, log });
    const forwarder = startForwarder({ store, bus, log });
    const projections = await startProjections({ store, bus, log, readModels, cache: memoryCache() });
    const commands = commandHandler({ store, hmac: (text) => stableId(text), log });
    const notifier = await startNotifier({
      ...{ store, log, readModels, commands, again: 5_000, attempts: ATTEMPTS },
      bus: twice(bus, chance),
      publicUrl: () => 'https://tasks.example.org',
      site: 'The House',
      issueCode: async () => 'code',
      seesAll: () => true,
    });
    try {
      workers = keepWorking((channel) => {
        const to = channel === 'email' ? receivers.mail.url : receivers.provider.url;
        return [channel, double.url, busUrl, to, String(LEASE)];
      });
      await sendAll(commands, { from: 0, to: COUNT, now: () => new Date() });
      const final = countingFinal(store);
      await vi.waitFor(async () => expect(await final()).toBe(COUNT), { timeout: 240_000 + COUNT * 50, interval: 200 });
      const { unknown, failed } = await checkAll(store, COUNT, receivers);
      expect(kills).toBeGreaterThan(0);
      // Else the kills came too late to tell anything.
      expect(unknown).toBeGreaterThan(0);
      // The last ones are noted a moment after they have failed; what was offered twice may be noted twice.
      const noted = async () => new Map((await bus.queues()).map(({ name, depth }) => [name, depth]));
      const missing = (depths: Map<string, number>) =>
        Object.entries(failed).filter(([name, count]) => count === 0 || (depths.get(name) ?? 0) < count);
      await vi.waitFor(async () => expect(missing(await noted())).toEqual([]), { timeout: 10_000, interval: 100 });
    } finally {
      workers?.stop();
      await notifier.stop();
      await projections.stop();
      await forwarder.stop();
      for (const one of [readModels, bus, store]) await one.close();
      await double.stop();
      await receivers.stop();
      await rm(dataDir, { recursive: true, maxRetries: 3 });
    }
  });
});
