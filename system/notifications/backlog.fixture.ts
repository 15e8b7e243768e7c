/** A backlog of mails while the mail server is away: what is done and what must hold, on whatever stores; and the watch over the process that sends. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { type MailServer, startMailServer } from './whole-path.fixture.ts';

const MIB = 1024 * 1024;
const SENDING_AT_ONCE = 32;

/** One look at the notifier. */
interface Look {
  /** When it was, by the test's monotonic clock. */
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
  /** Kills the process that sends (SIGKILL), and starts it again. */
  kill(): Promise<void>;
  startMailServer(): Promise<MailServer>;
  /** Resolves once so many mails have come to an end in the log; the watch may end with that. */
  settled(count: number): Promise<void>;
  /** What was seen: looks that got no answer while the notifier ran, or found it not ready for long; and the figures of a backlog, as text. */
  seen(): { silent: Look[]; figures(count: number): string };
  close(): Promise<void>;
}

/**
 * Has so many mails wait, half of them before a kill; then the mail server comes. Each is sent once, and all the time the process answers. Closes the rig.
 */
export async function standWithBacklog(rig: BacklogRig, count: number): Promise<void> {
  try {
    await rig.send(0, count / 2);
    await rig.kill();
    await rig.send(count / 2, count);
    const { taken } = await rig.startMailServer();
    await expect.poll(() => taken.length, { timeout: 300_000 + count * 100, interval: 500 }).toBeGreaterThanOrEqual(count);
    await rig.settled(count);
    const { silent, figures } = rig.seen();
    process.stdout.write(`${figures(count)}\n`);
    expect(new Set(taken.map(({ to }) => to)).size).toBe(count);
    expect(taken).toHaveLength(count);
    expect(silent).toEqual([]);
  } finally {
    await rig.close();
  }
}

/** Calls `send` for each number from one to another, some at once. */
export function sendingAtOnce(send: (n: number) => Promise<void>): BacklogRig['send'] {
  return async (from, to) => {
    let next = from;
    const sending = async () => {
      for (let n = next++; n < to; n = next++) await send(n);
    };
    await Promise.all(Array.from({ length: SENDING_AT_ONCE }, sending));
  };
}

/** A mail server that is not there until it is started. */
export interface LateMailServer {
  start(): Promise<MailServer>;
  stop(): Promise<void>;
  /** When it came, and when it took each mail, by the test's monotonic clock. */
  at(): number;
  times: readonly number[];
}

export function lateMailServer(port: number): LateMailServer {
  const times: number[] = [];
  let at = 0;
  let server: MailServer | undefined;
  return {
    start: async () => {
      server = await startMailServer(() => {
        times.push(performance.now());
        return 'take';
      }, port);
      at = performance.now();
      return server;
    },
    stop: async () => server?.stop(),
    at: () => at,
    times,
  };
}

/** Looks in a row that all find a process not ready: more than a read that a crowded machine answers after the 2 seconds that readiness waits. */
const LONG = 15;

const isLong = (row: readonly Look[]) => row.length === LONG && row.every(({ said }) => said !== 200);

/** Asks a process for its readiness and its memory, again and again. */
export function watchOver(address: () => string) {
  const looks: Look[] = [];
  let [paused, stopped] = [false, false];
  const loop = async () => {
    while (!stopped) {
      const of = address();
      if (!paused) {
        const look = await lookAt(of);
        // What a kill or the end cut off tells nothing.
        if (!paused && !stopped && of === address()) looks.push(look);
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

export function figuresOf(count: number, looks: readonly Look[], mail: Pick<LateMailServer, 'at' | 'times'>): string {
  const at = mail.at();
  const { times } = mail;
  const told = (of: keyof Pick<Look, 'heap' | 'memory' | 'took'>, among: readonly Look[]) =>
    among.map((look) => look[of]).filter((value) => !Number.isNaN(value));
  const most = (of: 'heap' | 'memory' | 'took', among = looks) => told(of, among).reduce((a, b) => Math.max(a, b), 0);
  const least = (among: readonly Look[]) => told('heap', among).reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const fifth = Math.floor(times.length / 5);
  const rate = (part: number[]) => (1_000 * (part.length - 1)) / ((part.at(-1) ?? 0) - (part[0] ?? 0));
  const [first, last] = [rate(times.slice(0, fifth)), rate(times.slice(-fifth))];
  const quarters = [0, 1, 2, 3].map((n) => looks.slice((n * looks.length) / 4, ((n + 1) * looks.length) / 4));
  const mib = (bytes: number) => (bytes / MIB).toFixed(0);
  return [
    `${count} mails; the mail server came back ${((at - (looks[0]?.at ?? 0)) / 1_000).toFixed(0)} s after the first, and had all ${(((times.at(-1) ?? 0) - at) / 1_000).toFixed(0)} s later`,
    `first mail after ${(((times[0] ?? 0) - at) / 1_000).toFixed(1)} s; mails a second in the first fifth ${first.toFixed(1)}, in the last ${last.toFixed(1)}: ratio ${(last / first).toFixed(2)}`,
    `heap in use, MiB, least to most by quarters of the time: ${quarters.map((part) => `${mib(least(part))} to ${mib(most('heap', part))}`).join(', ')}`,
    `memory in all, MiB, at most by quarters: ${quarters.map((part) => mib(most('memory', part))).join(', ')}`,
    `/readyz was asked ${looks.length} times; the slowest answer took ${most('took').toFixed(0)} ms`,
  ].join('\n');
}
