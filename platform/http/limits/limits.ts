/**
 * The limits' port: they bound how often something may be tried. Kept where LIMITS_URL says, else where the cache is: a restart loses counts.
 *
 *     const limits = await openLimits('memory:');
 *     const headers = await limits.consume('login-ip', networkOf(ip));
 *     await limits.refund('login-ip', networkOf(ip));
 */
import { createHmac, randomBytes } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { ProblemError } from '../../../contracts/problem.ts';
import type { RedisLog } from '../../connections/redis/connection.ts';
import type { Counter, LimitPolicy, LimitState } from './counter.ts';
import { memoryCounter } from './memory/memory.ts';
import { LIMIT_NAMES, LIMIT_POLICIES, type LimitName, type NamedPolicy } from './policies.ts';

export type { LimitName } from './policies.ts';

/** The numbers of limits by their names, in place of the defaults of policies.ts; and how they are counted. */
export interface LimitOptions extends Partial<Record<LimitName, number | undefined>> {
  /** Keyed hash of the counted keys; default: keyed for this process alone. Processes that share limits share the key. */
  hmac?: (text: string) => string;
  /** Keys counted at once for each limit in this process; the key untouched for longest goes first. Default 50,000. */
  keys?: number;
  /** Hears when the server stops answering, and when it answers again. */
  log?: RedisLog;
  /** Milliseconds that a server may take before this process counts instead; default 100. */
  patience?: number;
}

export interface Limits {
  /**
   * Takes `cost` points (default 1) from a limit; answers the headers that tell how many are left (draft-ietf-httpapi-ratelimit-headers-11). `points` is
   * the number of a key that has another one than the limit's own; the caller names the same number each time.
   * Error: ProblemError `limited` with the same headers and Retry-After; no points are taken then.
   */
  consume(name: LimitName, key: string, cost?: number, points?: number): Promise<Record<string, string>>;
  /** Gives back points that were taken for a try that does not count; `points` as they were taken with. */
  refund(name: LimitName, key: string, cost?: number, points?: number): Promise<void>;
  /** The points of a limit. */
  points(name: LimitName): number;
  /** Forgets a key's count. */
  reset(name: LimitName, key: string): Promise<void>;
  close(): Promise<void>;
}

/** Makes a limit's counter. */
interface Counting {
  counter(name: string, policy: LimitPolicy): Counter;
  close(): Promise<void>;
}

/**
 * Opens the limits: `memory:` (default) counts in this process; `redis:` and `rediss:` in a server, for all processes, and in this one while
 * the server does not answer. Rejects for any other scheme, and with ServerRefused.
 */
export async function openLimits(url: string | undefined, options: LimitOptions = {}): Promise<Limits> {
  const { hmac = ownHmac() } = options;
  const policyOf = (name: LimitName): LimitPolicy => ({
    points: options[name] ?? LIMIT_POLICIES[name].points,
    seconds: LIMIT_POLICIES[name].seconds,
  });
  const policies = Object.fromEntries(LIMIT_NAMES.map((name) => [name, policyOf(name)])) as Record<LimitName, LimitPolicy>;
  const counting = await openCounting(url ?? 'memory:', options);
  const counters = new Map<string, Counter>();
  const keyOf = (name: string, key: string) => hmac(`limit:${name}:${key}`);

  function counterOf(name: LimitName, points = policies[name].points): Counter {
    const of = `${name}:${points}`;
    const counter = counters.get(of) ?? counting.counter(name, { ...policies[name], points });
    counters.set(of, counter);
    return counter;
  }

  return {
    consume: async (name, key, cost = 1, points = policies[name].points) => {
      const { allowed, state } = await counterOf(name, points).consume(keyOf(name, key), cost);
      const headers = headersOf(name, { ...policies[name], points }, state);
      if (allowed) return headers;
      const seconds = secondsLeft(state);
      const { refusal = 'Too many tries.' }: NamedPolicy = LIMIT_POLICIES[name];
      throw new ProblemError('limited', `${refusal} Try again in ${inWords(seconds)}.`, {
        headers: { ...headers, 'Retry-After': String(seconds) },
      });
    },
    refund: (name, key, cost = 1, points = policies[name].points) => counterOf(name, points).refund(keyOf(name, key), cost),
    points: (name) => policies[name].points,
    reset: (name, key) => counterOf(name).reset(keyOf(name, key)),
    close: counting.close,
  };
}

async function openCounting(url: string, { keys = 50_000, log = { info: () => {}, warn: () => {} }, patience }: LimitOptions): Promise<Counting> {
  if (url.startsWith('memory:')) return { counter: (_, policy) => memoryCounter(policy, keys), close: async () => {} };
  if (!/^rediss?:/.test(url)) throw new Error('LIMITS_URL (or CACHE_URL, where that is not set) must begin with memory: or redis:');
  // Loaded here: a process without such a server does not pay for its client.
  const { connectLimits, redisCounter } = await import('./redis/redis.ts');
  const redis = await connectLimits(url, { log, patience });
  return { counter: (name, policy) => redisCounter(redis, name, policy, memoryCounter(policy, keys)), close: redis.close };
}

function headersOf(name: string, { points, seconds }: LimitPolicy, state: LimitState): Record<string, string> {
  return {
    'RateLimit-Policy': `"${name}";q=${points};w=${seconds}`,
    RateLimit: `"${name}";r=${state.remainingPoints};t=${secondsLeft(state)}`,
  };
}

function secondsLeft(state: LimitState): number {
  return Math.max(1, Math.ceil(state.msBeforeNext / 1_000));
}

/** Seconds as people say them, rounded up: `40 seconds`, `3 minutes`, `2 hours`. */
function inWords(seconds: number): string {
  const { size, unit } = [
    { size: 3_600, unit: 'hour' },
    { size: 60, unit: 'minute' },
  ].find((one) => seconds >= one.size) ?? { size: 1, unit: 'second' };
  const number = Math.ceil(seconds / size);
  return `${number} ${unit}${number === 1 ? '' : 's'}`;
}

function ownHmac(): (text: string) => string {
  const key = randomBytes(32);
  return (text) => createHmac('sha256', key).update(text).digest('base64url');
}

/** The key of a caller's address: the IPv4 address, or the /64 network of an IPv6 one (each customer has a whole one). */
export function networkOf(ip: string): string {
  const address = ip.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/i, '');
  if (!isIPv6(address)) return address;
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const left = head.split(':').filter(Boolean);
  const right = tail === undefined ? [] : tail.split(':').filter(Boolean);
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0');
  return `${[...left, ...zeros, ...right].slice(0, 4).join(':')}::/64`;
}
