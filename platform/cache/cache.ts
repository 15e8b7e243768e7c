/**
 * The cache's port: what it holds may vanish or be stale at any time, and readers can tell. Implementations: memory/ (embedded), redis/.
 */
import type { Position } from '../../contracts/message.ts';

/** A cached value with the place it was true at. */
export interface CacheEntry {
  position: Position;
  /** The read model's cache generation it was written under; readers ignore other generations. */
  generation: number;
  value: unknown;
}

export interface Cache {
  /** Entries by key, undefined where there is none or the cache does not answer in time. Never rejects. */
  get(keys: readonly string[]): Promise<(CacheEntry | undefined)[]>;
  /** Writes entries; one that is older than what is there changes nothing. `ttl` in seconds. Rejects when any may not have been written. */
  set(entries: readonly { key: string; entry: CacheEntry }[], ttl: number): Promise<void>;
  /** Counters by name (0 where there is none), for results that name the generation of a topic. Undefined when the cache does not answer. */
  generations(names: readonly string[]): Promise<number[] | undefined>;
  /** Raises counters. Rejects when any may not have been raised. */
  raise(names: readonly string[]): Promise<void>;
  close(): Promise<void>;
}
