/** Picks the implementation of the cache by the URL's scheme. */
import type { Cache } from './cache.ts';
import { memoryCache } from './memory.ts';

/** Opens the cache. `memory:` is this process's own. Rejects for any other scheme. */
export async function openCache(url: string): Promise<Cache> {
  if (url !== 'memory:') throw new Error(`CACHE_URL must be memory: (not ${JSON.stringify(url.slice(0, url.indexOf(':') + 1) || url)})`);
  return memoryCache();
}
