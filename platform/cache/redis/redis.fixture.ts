/** For tests: a Redis of the test's own that may be harmed, a cache on it, and the cache's log. */
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, vi } from 'vitest';
import { type Server, startRedis } from '../../../servers/for-tests.fixture.ts';
import { standStill } from '../../../servers/stand-still.fixture.ts';
import type { Cache, CacheEntry } from '../cache.ts';
import { openCache } from '../open.ts';
import type { RedisCacheOptions } from './redis.ts';

export interface RedisRig {
  server(): Server;
  cache(): Cache;
  /** The messages logged since the test began. */
  log(): string[];
  /** Opens the cache, at the server's URL unless another one is given. */
  open(url?: string): Promise<Cache>;
  /** Writes entry `a`. */
  put(value: unknown, position?: string): Promise<void>;
  /** Reads entry `a`. */
  value(): Promise<unknown>;
  /** A client of the server, closed when the test ends. */
  admin(): Redis;
  pause(): void;
  goOn(): void;
  /** Resolves once the cache writes and reads again after an outage. */
  works(): Promise<void>;
  /** Resolves once nothing is asked of Redis any more. */
  givenUp(): Promise<void>;
}

/** Options for tests that are not about waiting: patience enough for a busy machine. */
export const PATIENT: RedisCacheOptions = { log: { info: () => {}, warn: () => {} }, patience: 10_000 };

/** Called in a suite, gives each of its tests a server of its own. */
export function redisRig({ patience }: Partial<RedisCacheOptions> = {}): RedisRig {
  let server: Server;
  let cache: Cache | null = null;
  let admin: Redis | null = null;
  let log: string[] = [];
  const hears = (_: object, message: string) => void log.push(message);

  beforeEach(async () => {
    log = [];
    server = await startRedis();
  });
  afterEach(async () => {
    admin?.disconnect();
    await cache?.close();
    await server.close();
    admin = cache = null;
  });

  function opened(): Cache {
    if (!cache) throw new Error('open it first');
    return cache;
  }
  const put = (value: unknown, position?: string) => opened().set([{ key: 'a', entry: entry(value, position) }], 60);
  const value = async () => (await opened().get(['a']))[0]?.value;

  return {
    server: () => server,
    cache: opened,
    log: () => log,
    async open(url = server.url) {
      cache = await openCache(url, { log: { info: hears, warn: hears }, patience });
      return cache;
    },
    put,
    value,
    admin() {
      admin ??= new Redis(server.url).on('error', () => {});
      return admin;
    },
    pause: () => standStill(server.pid() ?? 0),
    goOn: () => void process.kill(server.pid() ?? 0, 'SIGCONT'),
    works: () => vi.waitFor(() => put('again', '99').then(async () => expect(await value()).toBe('again')), { timeout: 20_000, interval: 20 }),
    givenUp: () => vi.waitFor(async () => expect(await opened().generations(['a'])).toBeUndefined(), { timeout: 20_000, interval: 5 }),
  };
}

/** An entry of generation 1. */
export function entry(value: unknown, position = '01'): CacheEntry {
  return { generation: 1, position, value };
}

/** The error with which a promise rejects; null where it resolves. */
export function rejected(promise: Promise<unknown>): Promise<Error | null> {
  return promise.then(
    () => null,
    (error: Error) => error,
  );
}
