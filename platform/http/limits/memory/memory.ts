/** A limit's counts in this process, by the monotonic clock: setting the time of day neither forgets nor prolongs them. */
import { LRUCache } from 'lru-cache';
import type { Counter, LimitPolicy } from '../counter.ts';

interface Count {
  taken: number;
  /** The time at which the limit is whole again, in milliseconds of the monotonic clock. */
  ends: number;
}

/**
 * Makes the counter of a limit in memory, for at most `keys` keys: the key untouched for longest goes first. `clock`: milliseconds of the monotonic
 * clock.
 */
export function memoryCounter({ points, seconds }: LimitPolicy, keys: number, clock = () => performance.now()): Counter {
  const counts = new LRUCache<string, Count>({ max: keys });

  function known(key: string): Count | undefined {
    const count = counts.get(key);
    return count && count.ends > clock() ? count : undefined;
  }

  return {
    async consume(key, cost) {
      const { taken, ends } = known(key) ?? { taken: 0, ends: clock() + 1_000 * seconds };
      const more = taken + cost;
      const allowed = more <= points;
      counts.set(key, { taken: allowed ? more : taken, ends });
      return { allowed, state: { remainingPoints: Math.max(points - more, 0), msBeforeNext: ends - clock() } };
    },
    async refund(key, cost) {
      const count = known(key);
      if (count) counts.set(key, { ...count, taken: Math.max(count.taken - cost, 0) });
    },
    async reset(key) {
      counts.delete(key);
    },
  };
}
