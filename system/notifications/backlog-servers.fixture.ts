/** The parts that a mail goes through, as processes on real servers, a mail server that comes late, and a watch over the notifier. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, vi } from 'vitest';
import type { Part } from '../../app/parts.ts';
import { openEventStore } from '../../platform/event-store/open.ts';
import { stableId } from '../../platform/stable-id.ts';
import { interpolated, readComposeFile } from '../../servers/compose-file.ts';
import { ferretDb, rabbitMq, redis } from '../../servers/for-tests.fixture.ts';
import { commandHandler } from '../../write-side/handle-command.ts';
import { runProgram, runScript } from '../program.fixture.ts';
import { ADMIN, JWT_SECRET } from '../system.fixture.ts';
import { countingFinal } from './load.fixture.ts';
import { type MailServer, startMailServer } from './whole-path.fixture.ts';

const DOUBLE = fileURLToPath(new URL('../../platform/event-store/double/main.ts', import.meta.url));
const MIB = 1024 * 1024;
const SENDING_AT_ONCE = 32;

/** One look at the notifier. */
interface Look {
  /** Milliseconds since the rig was opened. */
  at: number;
  /** Milliseconds that /readyz took. */
  took: number;
  /** The status of /readyz, or the error. */
  said: number | string;
  /** Bytes in use on the heap, and bytes of memory in all; NaN where the process did not tell. */
  heap: number;
  memory: number;
}

export interface BacklogRig {
  /** Asks for the mails from one number to another. */
  send(from: number, to: number): Promise<void>;
  /** Kills the notifier (SIGKILL), and starts it again. */
  killNotifier(): Promise<void>;
  startMailServer(): Promise<MailServer>;
  /** Resolves once so many mails have come to an end in the log. */
  settled(count: number): Promise<void>;
  /** What was seen: looks that got no answer while the notifier ran, or found it not ready for long; and the figures of a backlog, as text. */
  seen(): { silent: Look[]; figures(count: number): string };
  close(): Promise<void>;
}

/** Starts forwarder, projections and notifier, which is given the memory of docker-compose.yml; on `mailPort` nobody listens yet. */
export async function openBacklogRig(mailPort: number): Promise<BacklogRig> {
  const folder = await mkdtemp(join(tmpdir(), 'backlog-'));
  const double = runScript(DOUBLE, ['--folder', join(folder, 'events')], {});
  const env = {
    HOST: '127.0.0.1',
    PORT: '0',
    LOG_LEVEL: 'warn',
    DATA_DIR: folder,
    JWT_SECRET,
    ADMIN_EMAIL: ADMIN.email,
    ADMIN_PASSWORD: ADMIN.password,
    UNCONFIRMED: 'all',
    PUBLIC_URL: 'http://127.0.0.1:3000',
    EVENT_STORE_URL: await double.line(/^esdb:\S+/),
    BUS_URL: await rabbitMq.vhost(),
    READ_MODELS_URL: await ferretDb.database(),
    SECRETS_URL: await ferretDb.database(),
    CACHE_URL: await redis.database(),
    // What the killed notifier had in hand waits no longer than this.
    LEASE_SECONDS: '30',
    MAIL_URL: `smtp://127.0.0.1:${mailPort}`,
  };
  const memory = interpolated(String(readComposeFile().services.notifier?.environment?.NODE_OPTIONS));
  const run = (part: Part, more = {}) => runProgram([part], { ...env, ...more });
  const others = [run('forwarder'), run('projections')];
  const startNotifier = () => run('notifier', { NODE_OPTIONS: memory });
  let notifier = startNotifier();
  await Promise.all([...others, notifier].map((one) => one.url()));
  let address = await notifier.url();
  const watch = watchOver(() => address);
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const store = await openEventStore(env.EVENT_STORE_URL, { dataDir: folder, log, signal: new AbortController().signal });
  const commands = commandHandler({ store, hmac: (text) => stableId(text), log });
  let mail: (MailServer & { at: number; times: number[] }) | undefined;

  /** Asks for one mail, as often as it takes: repeated, it is the same command. */
  const send = (n: number) => vi.waitFor(() => sendOne(n), { timeout: 120_000 });

  async function sendOne(n: number): Promise<void> {
    const id = stableId('backlog', String(n));
    await commands.handle(
      {
        type: 'SendNotification',
        stream: `notification-${id}`,
        id,
        data: { type: 'email', recipient: `person-${n}@example.org`, content: `Message ${n}.` },
        commandId: stableId('backlog', id),
        actor: { id: 'service', role: 'service', seesAll: true },
        now: new Date().toISOString(),
      },
      { correlationId: id },
    );
  }

  return {
    send: async (from, to) => {
      let next = from;
      const sending = async () => {
        for (let n = next++; n < to; n = next++) await send(n);
      };
      await Promise.all(Array.from({ length: SENDING_AT_ONCE }, sending));
    },
    killNotifier: async () => {
      watch.pause();
      await notifier.end('SIGKILL');
      notifier = startNotifier();
      address = await notifier.url();
      watch.goOn();
    },
    startMailServer: async () => {
      const times: number[] = [];
      const server = await startMailServer(() => {
        times.push(performance.now());
        return 'take';
      }, mailPort);
      mail = { ...server, at: performance.now(), times };
      return server;
    },
    settled: async (count) => {
      const final = countingFinal(store);
      await expect.poll(final, { timeout: 60_000 + count * 10, interval: 500 }).toBe(count);
    },
    seen: () => ({ silent: watch.silent(), figures: (count) => figuresOf(count, watch.looks, mail) }),
    close: async () => {
      watch.stop();
      await store.close();
      await Promise.all([...others, notifier, double].map((one) => one.end('SIGKILL')));
      await mail?.stop();
      await rm(folder, { recursive: true, maxRetries: 3 });
    },
  };
}

/** Looks in a row that all find a process not ready: more than a read that a crowded machine answers after the 2 seconds that readiness waits. */
const LONG = 15;

const isLong = (row: readonly Look[]) => row.length === LONG && row.every(({ said }) => said !== 200);

/** Asks a process for its readiness and its memory, again and again. */
function watchOver(address: () => string) {
  const looks: Look[] = [];
  let [paused, stopped] = [false, false];
  const loop = async () => {
    while (!stopped) {
      const of = address();
      if (!paused) {
        const look = await lookAt(of);
        // What a kill cut off tells nothing.
        if (!paused && of === address()) looks.push(look);
      }
      await sleep(250);
    }
  };
  void loop();
  return {
    looks,
    silent: () => looks.filter(({ said }, n) => typeof said === 'string' || isLong(looks.slice(n, n + LONG))),
    pause: () => {
      paused = true;
    },
    goOn: () => {
      paused = false;
    },
    stop: () => {
      stopped = true;
    },
  };
}

async function lookAt(url: string): Promise<Look> {
  const at = performance.now();
  try {
    const { status } = await fetch(`${url}/readyz`);
    const took = performance.now() - at;
    const metrics = await (await fetch(`${url}/metrics`)).text();
    const gauge = (name: string) => Number(new RegExp(`^${name} (\\S+)`, 'm').exec(metrics)?.[1]);
    return { at, took, said: status, heap: gauge('nodejs_heap_size_used_bytes'), memory: gauge('process_resident_memory_bytes') };
  } catch (error) {
    return { at, took: performance.now() - at, said: String(error), heap: Number.NaN, memory: Number.NaN };
  }
}

function figuresOf(count: number, looks: readonly Look[], mail: { at: number; times: number[] } | undefined): string {
  const { at = 0, times = [] } = mail ?? {};
  const most = (of: keyof Pick<Look, 'heap' | 'memory' | 'took'>, among = looks) =>
    Math.max(...among.map((look) => look[of]).filter((value) => !Number.isNaN(value)));
  const fifth = Math.floor(times.length / 5);
  const rate = (part: number[]) => (1_000 * (part.length - 1)) / ((part.at(-1) ?? 0) - (part[0] ?? 0));
  const [first, last] = [rate(times.slice(0, fifth)), rate(times.slice(-fifth))];
  const quarters = [0, 1, 2, 3].map((n) => looks.slice((n * looks.length) / 4, ((n + 1) * looks.length) / 4));
  const mib = (bytes: number) => (bytes / MIB).toFixed(0);
  return [
    `${count} mails; the mail server came back ${((at - (looks[0]?.at ?? 0)) / 1_000).toFixed(0)} s after the first, and had all ${(((times.at(-1) ?? 0) - at) / 1_000).toFixed(0)} s later`,
    `first mail after ${(((times[0] ?? 0) - at) / 1_000).toFixed(1)} s; mails a second in the first fifth ${first.toFixed(1)}, in the last ${last.toFixed(1)}: ratio ${(last / first).toFixed(2)}`,
    `most of the heap in use, MiB, by quarters of the time: ${quarters.map((part) => mib(most('heap', part))).join(', ')}; memory at most ${mib(most('memory'))} MiB`,
    `/readyz was asked ${looks.length} times; the slowest answer took ${most('took').toFixed(0)} ms`,
  ].join('\n');
}
