/** The question of a clock to a read model: what has a time, the earliest first. */
import type { Position } from '../../contracts/message.ts';

/** Something with the time (ISO 8601, UTC) by which it is found. */
export interface AtTime {
  id: string;
  time: string;
}

/** Reads at most `limit`, only those after `after`; null where the read model is missing or has not reached `at`. */
export type ByTime<Item extends AtTime = AtTime> = (page: { limit: number; at: Position; after?: AtTime }) => Promise<readonly Item[] | null>;
