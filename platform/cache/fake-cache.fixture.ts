/** A cache in maps, for tests that look into it or make it fail. */
import type { Cache, CacheEntry } from './cache.ts';

/** Makes an empty one. `fails` is asked before each write whether the write is to fail, and whether before or after it took effect. */
export function fakeCache(fails: () => 'before' | 'after' | false = () => false): Cache & { entries: Map<string, CacheEntry> } {
  const entries = new Map<string, CacheEntry>();
  const counters = new Map<string, number>();
  const unreliably = (write: () => void): void => {
    const failure = fails();
    if (failure !== 'before') write();
    if (failure) throw new Error('the cache does not answer');
  };

  return {
    entries,
    get: async (keys) => keys.map((key) => structuredClone(entries.get(key))),
    set: async (news) =>
      unreliably(() => {
        for (const { key, entry } of news) if ((entries.get(key)?.position ?? '') <= entry.position) entries.set(key, structuredClone(entry));
      }),
    generations: async (names) => names.map((name) => counters.get(name) ?? 0),
    raise: async (names) =>
      unreliably(() => {
        for (const name of names) counters.set(name, (counters.get(name) ?? 0) + 1);
      }),
    clear: async () => {
      const cleared = entries.size;
      unreliably(() => entries.clear());
      return cleared;
    },
    close: async () => {},
  };
}
