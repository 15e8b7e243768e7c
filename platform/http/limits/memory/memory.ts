/** A limit's counts in this process. */
import { LRUCache } from 'lru-cache';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { Counter, LimitPolicy } from '../counter.ts';

/** Makes the counter of a limit in memory, for at most `keys` keys: the key untouched for longest goes first. */
export function memoryCounter({ points, seconds }: LimitPolicy, keys: number): Counter {
  const limiter = new RateLimiterMemory({ points, duration: seconds, keyPrefix: '' });
  const known = new LRUCache<string, true>({
    max: keys,
    dispose: (_, key, why) => {
      if (why === 'evict') void limiter.delete(key);
    },
  });

  return {
    async consume(key, cost) {
      known.set(key, true);
      try {
        return { allowed: true, state: await limiter.consume(key, cost) };
      } catch (error) {
        if (!(error instanceof RateLimiterRes)) throw error;
        await limiter.reward(key, cost);
        return { allowed: false, state: error };
      }
    },
    async refund(key, cost) {
      if (known.has(key) && (await limiter.get(key))) await limiter.reward(key, cost);
    },
    async reset(key) {
      known.delete(key);
      await limiter.delete(key);
    },
  };
}
