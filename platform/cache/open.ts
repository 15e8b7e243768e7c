/** Picks the implementation of the cache by the URL's scheme. */
import type { Cache } from './cache.ts';
import { memoryCache } from './memory/memory.ts';
import type { RedisCacheOptions } from './redis/redis.ts';

/**
 * Opens the cache. `memory:` is this process's own; `redis:` and `rediss:` (TLS) a server, which is not waited for; the log hears when it does not
 * answer, and when it does again.
 * Rejects for any other scheme, and with ServerRefused.
 */
export async function openCache(url: string, options: RedisCacheOptions = { log: { info: () => {}, warn: () => {} } }): Promise<Cache> {
  const scheme = url.slice(0, url.indexOf(':') + 1);
  if (url === 'memory:') return memoryCache();
  if (scheme === 'redis:' || scheme === 'rediss:') {
    // Loaded here: a process without such a server does not pay for its client.
    const { openRedisCache } = await import('./redis/redis.ts');
    return openRedisCache(url, options);
  }
  throw new Error(`CACHE_URL must begin with memory: or redis: (not ${JSON.stringify(scheme || url)})`);
}
