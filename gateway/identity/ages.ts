/**
 * The ages of times that a record keeps, as of a proof or a renewal: this process measures by its monotonic clock what it wrote down itself, so that a
 * clock that is set makes nothing younger or older; what another process wrote it measures by the time of day.
 *
 *     const rotatedAt = ages.note(sessionId);
 *     const isRecent = ages.of(sessionId, rotatedAt) <= 10_000;
 */
import { LRUCache } from 'lru-cache';

export interface Ages {
  /** The present time (ISO 8601) to be kept in the record of this key. */
  note(key: string): string;
  /** Milliseconds since a time that the record of a key keeps; without a sign, since another machine's clock may be ahead. */
  of(key: string, time: string): number;
}

export function openAges({ now, clock }: { now(): Date; clock(): number }): Ages {
  const noted = new LRUCache<string, number>({ max: 20_000 });
  return {
    note: (key) => {
      const time = now().toISOString();
      noted.set(`${key} ${time}`, clock());
      return time;
    },
    of: (key, time) => {
      const here = noted.get(`${key} ${time}`);
      return Math.abs(here === undefined ? now().getTime() - Date.parse(time) : clock() - here);
    },
  };
}
