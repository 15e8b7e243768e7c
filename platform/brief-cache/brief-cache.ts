/**
 * The brief cache's port: texts that all processes share for less than half a second, so that what is asked with each request is looked up once, and
 * what changed is known everywhere soon after, whoever told of it or did not. Implementation: redis/. A single process needs none.
 *
 *     const cache = await openBriefCache('redis://host:6379', { log });
 *     const text = await cache?.through({ key: 'session:17', marks: ['user:4'] }, () => lookUp('17'));
 *     await cache?.mark(['user:4']);
 */
import type { RedisLog } from '../connections/redis/connection.ts';

/** Milliseconds for which a text is good, from before it was looked up. */
export const BRIEF_MS = 400;

/** The place of a text, and the marks under any of which it is looked up anew. Keys and marks are shown to who reads the cache: no personal data. */
export interface BriefPlace {
  key: string;
  marks: readonly string[];
}

export interface BriefCache {
  /**
   * Resolves to the text of a place, else to what `lookUp` resolves to, which is kept unless it is null. Rejects as `lookUp` does, and for no other
   * reason: without a cache that answers, everything is looked up.
   */
  through(place: BriefPlace, lookUp: () => Promise<string | null>): Promise<string | null>;
  /** Marks what has changed: for ten seconds nothing with one of these marks is taken from the cache. Never rejects. */
  mark(marks: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

export interface BriefCacheOptions {
  log: RedisLog;
  /** Milliseconds that a question waits for its answer at most; default 100. */
  patience?: number | undefined;
}

/** Opens the brief cache at a CACHE_URL: null for `memory:`. A server is not waited for. Error: ServerRefused. */
export async function openBriefCache(url: string, options: BriefCacheOptions): Promise<BriefCache | null> {
  if (url === 'memory:') return null;
  const { openRedisBriefCache } = await import('./redis/redis.ts');
  return openRedisBriefCache(url, options);
}
