/** Limits: how often something may be tried. Kept in the cache: what is lost by a restart is a few counts. */
import { createHmac, randomBytes } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { LRUCache } from 'lru-cache';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { ProblemError } from '../contracts/problem.ts';

/** So many tries in so many seconds, counted from the first. */
export interface LimitPolicy {
  points: number;
  seconds: number;
}

const POLICIES = {
  registration: { points: 300, seconds: 3_600 },
  'login-account-ip': { points: 10, seconds: 900 },
  'login-ip': { points: 100, seconds: 900 },
  'login-account': { points: 50, seconds: 3_600 },
} satisfies Record<string, LimitPolicy>;

export type LimitName = keyof typeof POLICIES;

export interface LimitOptions {
  /** Registrations in an hour from one address; default 300. */
  registration?: number | undefined;
  /** Keyed hash of what is counted by; default: keyed for this process alone. */
  hmac?: (text: string) => string;
  /** Keys counted at once for each limit; the longest untouched goes first. Default 50,000. */
  keys?: number;
}

export interface Limits {
  /**
   * Takes from a limit; answers the headers that tell how much is left (draft-ietf-httpapi-ratelimit-headers).
   * Error: ProblemError `limited` with the same headers and Retry-After; nothing is taken then.
   */
  consume(name: LimitName, key: string, cost?: number): Promise<Record<string, string>>;
  /** Gives back what was taken for nothing. */
  refund(name: LimitName, key: string, cost?: number): Promise<void>;
  /** Forgets a key's count. */
  reset(name: LimitName, key: string): Promise<void>;
}

/** Opens the limits: `memory:` (default) counts in this process. */
export async function openLimits(cacheUrl: string | undefined, options: LimitOptions = {}): Promise<Limits> {
  if (cacheUrl !== undefined && !cacheUrl.startsWith('memory:')) throw new Error('CACHE_URL: only memory: is known here');
  const { keys = 50_000, registration = POLICIES.registration.points, hmac = ownHmac() } = options;
  const policies: Record<LimitName, LimitPolicy> = { ...POLICIES, registration: { ...POLICIES.registration, points: registration } };
  const counters = new Map(Object.entries(policies).map(([name, policy]) => [name, counter(policy, keys)]));
  const keyOf = (name: string, key: string) => hmac(`limit:${name}:${key}`);
  const counterOf = (name: LimitName) => {
    const found = counters.get(name);
    if (!found) throw new Error(`no such limit: ${name}`);
    return found;
  };

  return {
    consume: async (name, key, cost = 1) => {
      const { allowed, state } = await counterOf(name).consume(keyOf(name, key), cost);
      const headers = headersOf(name, policies[name], state);
      if (allowed) return headers;
      throw new ProblemError('limited', 'Too many tries. Wait as long as Retry-After says.', {
        headers: { ...headers, 'Retry-After': String(secondsLeft(state)) },
      });
    },
    refund: (name, key, cost = 1) => counterOf(name).refund(keyOf(name, key), cost),
    reset: (name, key) => counterOf(name).reset(keyOf(name, key)),
  };
}

/** Counts in memory, for at most `keys` keys. */
function counter({ points, seconds }: LimitPolicy, keys: number) {
  const limiter = new RateLimiterMemory({ points, duration: seconds, keyPrefix: '' });
  const known = new LRUCache<string, true>({
    max: keys,
    dispose: (_, key, why) => {
      if (why === 'evict') void limiter.delete(key);
    },
  });

  async function consume(key: string, cost: number): Promise<{ allowed: boolean; state: RateLimiterRes }> {
    known.set(key, true);
    try {
      return { allowed: true, state: await limiter.consume(key, cost) };
    } catch (error) {
      if (!(error instanceof RateLimiterRes)) throw error;
      await limiter.reward(key, cost);
      return { allowed: false, state: error };
    }
  }

  return {
    consume,
    refund: async (key: string, cost: number) => {
      if (known.has(key) && (await limiter.get(key))) await limiter.reward(key, cost);
    },
    reset: async (key: string) => {
      known.delete(key);
      await limiter.delete(key);
    },
  };
}

function headersOf(name: string, { points, seconds }: LimitPolicy, state: RateLimiterRes): Record<string, string> {
  return {
    'RateLimit-Policy': `"${name}";q=${points};w=${seconds}`,
    RateLimit: `"${name}";r=${state.remainingPoints};t=${secondsLeft(state)}`,
  };
}

function secondsLeft(state: RateLimiterRes): number {
  return Math.max(1, Math.ceil(state.msBeforeNext / 1_000));
}

function ownHmac(): (text: string) => string {
  const key = randomBytes(32);
  return (text) => createHmac('sha256', key).update(text).digest('base64url');
}

/** What counts as one caller: an IPv4 address, or the /64 network of an IPv6 one (a whole one belongs to each customer). */
export function networkOf(ip: string): string {
  const address = ip.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/i, '');
  if (!isIPv6(address)) return address;
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const left = head.split(':').filter(Boolean);
  const right = tail === undefined ? [] : tail.split(':').filter(Boolean);
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0');
  return `${[...left, ...zeros, ...right].slice(0, 4).join(':')}::/64`;
}
