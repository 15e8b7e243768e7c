/** Opens the fan-out that the scheme of the cache's URL names. */
import { ALONE, type FanOut, type FanOutOptions } from './fan-out.ts';

/**
 * `memory:` is for a process alone; `redis:` and `rediss:` tie it to those on the same Redis and database, without waiting for Redis.
 * Rejects for any other scheme, and with ServerRefused.
 */
export async function openFanOut(cacheUrl: string, options: FanOutOptions): Promise<FanOut> {
  if (cacheUrl === 'memory:') return ALONE;
  if (!/^rediss?:/.test(cacheUrl)) throw new Error('CACHE_URL must begin with memory: or redis:');
  // The client of a server is loaded only where the server is used.
  const { openRedisFanOut } = await import('./redis/redis.ts');
  return openRedisFanOut(cacheUrl, options);
}
