/**
 * The cache on Redis, for all processes. Keys hold the server's run: a Redis that comes back with an older state of its data (its file, another
 * replica) would otherwise show entries that were replaced and counters that were raised since.
 */
import type { Redis } from 'ioredis';
import { PREFIX } from '../../connections/redis/client.ts';
import { connectRedis, type RedisConnecting } from '../../connections/redis/connection.ts';
import { type Cache, type CacheEntry, CacheUnavailable } from '../cache.ts';
import { COUNT, PUT, RAISE } from './scripts.ts';

/** Milliseconds that writes may take; no request waits for them. */
const WRITE_MS = 1_000;
/** Milliseconds that a counter stays after it was last looked at. */
const COUNTER_MS = 30 * 24 * 3_600_000;
/** Entries that Redis writes in one step, during which it answers nobody else. */
const STEP = 500;

/** The entries of this run of the server and of those before, as `SCAN` asks for them: it knows nothing of the prefix that the client puts before keys. */
const ENTRIES = `${PREFIX}*:entry:*`;

/** The scripts as commands of the client: each takes the number of keys, the keys, and the rest of its arguments. */
interface Commands {
  put(...args: (string | number)[]): Promise<unknown>;
  count(...args: (string | number)[]): Promise<(string | null)[]>;
  raise(...args: (string | number)[]): Promise<unknown>;
}

export type RedisCacheOptions = Omit<RedisConnecting, 'what'>;

/** Opens the cache. A Redis that cannot be reached is not waited for: it is only a cache. Error: ServerRefused. */
export async function openRedisCache(url: string, options: RedisCacheOptions): Promise<Cache> {
  const redis = await connectRedis(url, { ...options, what: 'the cache' });

  const entryKey = (run: string, key: string) => `${run.slice(0, 8)}:entry:${key}`;
  const counterKeys = (run: string, names: readonly string[]) => names.map((name) => `${run.slice(0, 8)}:counter:${name}`);

  /** Asks Redis to write. Error: CacheUnavailable. */
  async function writing(question: (client: Redis, run: string) => Promise<unknown>): Promise<void> {
    await redis.ask(question, WRITE_MS).catch((error: Error) => Promise.reject(new CacheUnavailable(error.message, { cause: error })));
  }

  async function put(entries: readonly { key: string; entry: CacheEntry }[], ttl: number): Promise<void> {
    const values = entries.flatMap(({ entry }) => [entry.position, entry.generation, jsonOf(entry)]);
    await writing((client, run) =>
      commandsOf(client).put(entries.length, ...entries.map(({ key }) => entryKey(run, key)), Math.ceil(ttl * 1_000), ...values),
    );
  }

  return {
    async get(keys) {
      if (keys.length === 0) return [];
      const found = await redis.ask((client, run) => client.mget(keys.map((key) => entryKey(run, key)))).catch(() => []);
      return keys.map((_, at) => entryOf(found[at]));
    },
    async set(entries, ttl) {
      const steps = Array.from({ length: Math.ceil(entries.length / STEP) }, (_, at) => entries.slice(at * STEP, (at + 1) * STEP));
      await Promise.all(steps.map((step) => put(step, ttl)));
    },
    async generations(names) {
      if (names.length === 0) return [];
      const values = await redis
        .ask((client, run) => commandsOf(client).count(names.length, ...counterKeys(run, names), COUNTER_MS))
        .catch(() => undefined);
      return values?.map(Number);
    },
    async raise(names) {
      if (names.length > 0) await writing((client, run) => commandsOf(client).raise(names.length, ...counterKeys(run, names), COUNTER_MS));
    },
    async clear() {
      let [cursor, cleared] = ['0', 0];
      do {
        await writing(async (client) => {
          const [next, found] = await client.scan(cursor, 'MATCH', ENTRIES, 'COUNT', STEP);
          const keys = found.map((key) => key.slice(PREFIX.length));
          if (keys.length > 0) cleared += await client.unlink(keys);
          cursor = next;
        });
      } while (cursor !== '0');
      return cleared;
    },
    close: redis.close,
  };
}

function commandsOf(client: Redis): Commands {
  if (!('put' in client)) for (const [name, lua] of Object.entries({ put: PUT, count: COUNT, raise: RAISE })) client.defineCommand(name, { lua });
  return client as unknown as Commands;
}

/** An entry as JSON that begins as the scripts expect it: HEAD in scripts.ts. */
function jsonOf({ position, generation, value }: CacheEntry): string {
  return JSON.stringify({ position, generation, value: value ?? null });
}

/** The entry in a text; undefined for a text that is no entry of ours. */
function entryOf(json: string | null | undefined): CacheEntry | undefined {
  if (!json) return undefined;
  try {
    const { position, generation, value } = JSON.parse(json);
    return typeof position === 'string' && typeof generation === 'number' ? { position, generation, value } : undefined;
  } catch {
    return undefined;
  }
}
