/**
 * The cache's port: what it holds may vanish or be stale at any time, and readers can tell. Implementations: memory/ (embedded), redis/.
 *
 *     const cache = await openCache('memory:');
 *     await cache.set([{ key: 'task:17', entry: { position: '0042', generation: 1, value: { title: 'Lamp' } } }], 60);
 *     const [entry] = await cache.get(['task:17']);
 */
import type { Position } from '../../contracts/message.ts';
import { Unavailable } from '../absences/unavailable.ts';

/** A cached value with the position in the log at which it was true. */
export interface CacheEntry {
  position: Position;
  /** The read model's cache generation under which the entry was written; readers ignore entries of other generations. */
  generation: number;
  value: unknown;
}

export interface Cache {
  /** The entries of these keys, in the same order; undefined where there is none or the cache does not answer in time. Never rejects. */
  get(keys: readonly string[]): Promise<(CacheEntry | undefined)[]>;
  /** Writes entries for `ttl` seconds; one that is older than the entry in its place changes nothing. Rejects with CacheUnavailable when any may not have been written. */
  set(entries: readonly { key: string; entry: CacheEntry }[], ttl: number): Promise<void>;
  /**
   * The counters of these names, in the same order; 0 where there is none. The key of a cached list holds its topic's counter, so that raising the
   * counter makes the list unreachable. Undefined when the cache does not answer.
   */
  generations(names: readonly string[]): Promise<number[] | undefined>;
  /** Raises the counters of these names. Rejects with CacheUnavailable when any may not have been raised. */
  raise(names: readonly string[]): Promise<void>;
  /**
   * Removes every entry that was there when it was called, whoever wrote it; counters stay. Resolves to their number. What is written meanwhile may stay.
   * Rejects with CacheUnavailable when any may be left; repeating it does no harm.
   */
  clear(): Promise<number>;
  close(): Promise<void>;
}

/** The name of the cache where its absences are told. */
export const CACHE = 'the cache';

/** The cache does not answer, or not in time, and may have done what was asked for or not. */
export class CacheUnavailable extends Unavailable {
  override readonly name = 'CacheUnavailable';
  readonly dependency = CACHE;
  readonly answer = 'The cache cannot be reached right now. Try again.';
}
