/** The cache in this process's memory: bounded by entries and by bytes, the least recently used go first. */
import { LRUCache } from 'lru-cache';
import type { Cache, CacheEntry } from '../cache.ts';

/** The bounds of the cache: beyond any of them the least recently used goes. */
export interface MemoryLimits {
  /** Entries at most. */
  entries: number;
  /** Bytes at most, about: two for each UTF-16 unit of keys and of values as JSON, and what an entry costs itself. */
  bytes: number;
  /** Counters at most. */
  counters: number;
}

const LIMITS: MemoryLimits = { entries: 50_000, bytes: 64 * 1024 * 1024, counters: 100_000 };
/** Bytes that an entry takes beside its key and value, about. */
const OVERHEAD = 200;

/** An entry as it is kept: JSON until it is first read, then the frozen value itself, which every reader is handed. */
interface Kept {
  position: string;
  generation: number;
  json: string;
  value?: unknown;
}

/** Makes an empty cache. Values come back as they would from JSON, and frozen. */
export function memoryCache(limits: Partial<MemoryLimits> = {}): Cache {
  const { entries, bytes, counters } = { ...LIMITS, ...limits };
  const kept = new LRUCache<string, Kept>({ max: entries, maxSize: bytes, sizeCalculation: weight });
  let highestForgotten = -1;
  const counted = new LRUCache<string, number>({
    max: counters,
    dispose: (value, _, reason) => {
      if (reason === 'evict') highestForgotten = Math.max(highestForgotten, value);
    },
  });

  /** A counter that was forgotten goes on above all that were, so that nothing made under its old values counts again. */
  function count(name: string): number {
    return counted.get(name) ?? highestForgotten + 1;
  }

  function isOlder({ position, generation }: CacheEntry, there: Kept): boolean {
    return generation < there.generation || (generation === there.generation && position < there.position);
  }

  function put(key: string, entry: CacheEntry, ttl: number): void {
    const there = kept.get(key);
    if (there && isOlder(entry, there)) return;
    const json = JSON.stringify(entry.value) ?? 'null';
    kept.set(key, { position: entry.position, generation: entry.generation, json }, { ttl: ttl * 1000 });
  }

  return {
    get: async (keys) =>
      keys.map((key) => {
        const entry = kept.get(key);
        return entry && { position: entry.position, generation: entry.generation, value: read(entry) };
      }),
    set: async (news, ttl) => {
      for (const { key, entry } of news) put(key, entry, ttl);
    },
    generations: async (names) => names.map(count),
    raise: async (names) => {
      for (const name of names) counted.set(name, count(name) + 1);
    },
    clear: async () => {
      const cleared = kept.size;
      kept.clear();
      return cleared;
    },
    close: async () => {
      kept.clear();
      counted.clear();
    },
  };
}

function weight({ json }: Kept, key: string): number {
  return OVERHEAD + 2 * (key.length + json.length);
}

function read(entry: Kept): unknown {
  entry.value ??= frozen(JSON.parse(entry.json));
  return entry.value;
}

function frozen(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  for (const inner of Object.values(value)) frozen(inner);
  return Object.freeze(value);
}
