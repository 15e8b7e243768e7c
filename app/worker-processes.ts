/** `npm start -- notifier --workers email=2,sms=1`: delivery workers as own processes, started again when they die, stopped with their parent. */
import { type ChildProcess, fork } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DELIVERED, type DeliveredChannel } from '../notifier/channels.ts';
import { type Config, ConfigError } from './config.ts';
import { isEmbedded } from './parts.ts';

export type { DeliveredChannel };

const MOST = 64;
/** Milliseconds before a dead process is started again: doubled from the first to the longest; the first again after one that lived for longer. */
const FIRST_WAIT = 200;
const LONGEST_WAIT = 30_000;
/** Milliseconds that a process has to end before it is killed. */
const GRACE = 9_000;

/** The number of workers by channel in a text as `email=2,sms=1`. Error: ConfigError. */
export function readWorkers(text: string): Map<DeliveredChannel, number> {
  const pairs = text.split(',').map((pair) => /^(\w+)=(\d{1,3})$/.exec(pair.trim()) ?? wrong(text));
  const workers = new Map(pairs.map(([, channel = '', count]) => [isChannel(channel) ? channel : wrong(text), countOf(Number(count), text)]));
  return workers.size === pairs.length ? workers : wrong(text);
}

export function isChannel(name: string): name is DeliveredChannel {
  return (DELIVERED as readonly string[]).includes(name);
}

function countOf(count: number, text: string): number {
  return count <= MOST ? count : wrong(text);
}

function wrong(text: string): never {
  throw new ConfigError(`--workers takes pairs like email=2,sms=1 (channels: ${DELIVERED.join(', ')}; up to ${MOST} processes each), not ${text}`);
}

/** Checks that no worker process needs the outbox, which another process holds. Error: ConfigError. */
export function checkWorkers(workers: ReadonlyMap<DeliveredChannel, number>, config: Config): void {
  if (workers.has('email') && isEmbedded(config.MAIL_URL))
    throw new ConfigError('MAIL_URL must name a mail server, like smtp://host:25, where mail workers are processes of their own');
  if (workers.has('sms') && !/^https?:/.test(config.SMS_URL))
    throw new ConfigError('SMS_URL must name a provider where SMS workers are processes of their own');
}

export interface Supervisor {
  /** Ends all worker processes; resolves when they have ended. */
  stop(): Promise<void>;
}

/** Starts the worker processes, and keeps them running. */
export function superviseWorkers(workers: ReadonlyMap<DeliveredChannel, number>, log: { warn(data: object, message: string): void }): Supervisor {
  const stopping = new AbortController();
  const each = [...workers].flatMap(([channel, count]) => Array.from({ length: count }, () => channel));
  const running = each.map((channel) => keepRunning(channel, stopping.signal, log));
  return {
    stop: async () => {
      stopping.abort();
      await Promise.all(running);
    },
  };
}

async function keepRunning(channel: DeliveredChannel, signal: AbortSignal, log: { warn(data: object, message: string): void }): Promise<void> {
  for (let wait = FIRST_WAIT; !signal.aborted; wait = Math.min(wait * 2, LONGEST_WAIT)) {
    const started = performance.now();
    const how = await runOnce(channel, signal);
    if (signal.aborted) return;
    if (performance.now() - started > LONGEST_WAIT) wait = FIRST_WAIT;
    log.warn({ channel, ...how, wait }, 'a worker process died and is started again');
    await delay(wait, undefined, { signal }).catch(() => {});
  }
}

/** Runs a worker process until it ends. Its output goes to standard error, because standard output has only the line of the parent's address. */
function runOnce(
  channel: DeliveredChannel,
  signal: AbortSignal,
): Promise<{ pid: number | undefined; code: number | null; signal: NodeJS.Signals | null }> {
  const child: ChildProcess = fork(fileURLToPath(new URL('../main.ts', import.meta.url)), ['notifier', '--deliver', channel], {
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 2, 'inherit', 'ipc'],
  });
  return new Promise((resolve) => {
    let late: NodeJS.Timeout | undefined;
    const end = () => {
      child.kill('SIGTERM');
      late = setTimeout(() => child.kill('SIGKILL'), GRACE);
    };
    if (signal.aborted) end();
    signal.addEventListener('abort', end, { once: true });
    const gone = (code: number | null, by: NodeJS.Signals | null) => {
      clearTimeout(late);
      signal.removeEventListener('abort', end);
      resolve({ pid: child.pid, code, signal: by });
    };
    child.once('exit', gone);
    // The listener stays, because an error may come later, too, as when the process could not be killed, and must not end this one.
    child.on('error', () => gone(null, null));
  });
}
