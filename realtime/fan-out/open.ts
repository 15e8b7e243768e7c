/** Picks the fan-out by the scheme of the cache's URL. */
import { ALONE, type FanOut, type FanOutOptions } from './fan-out.ts';

/**
 * `memory:` is a process alone; `redis:` and `rediss:` ties it to those on the same Redis and database, which is not waited for.
 * Rejects for any other scheme, and with ServerRefused.
 */
export async function openFanOut(cacheUrl: string, options: FanOutOptions): Promise<FanOut> {
  if (cacheUrl === 'memory:') return ALONE;
  if (!/^rediss?:/.test(cacheUrl)) throw new Error('CACHE_URL must begin with memory: or redis:');
  // Only who uses a server loads its client.
  const { openRedisFanOut } = await import('./redis/redis.ts');
  return openRedisFanOut(cacheUrl, options);
}
