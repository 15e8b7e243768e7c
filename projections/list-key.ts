/** Under which key the result of a query is kept in the cache. */
import { createHash } from 'node:crypto';
import type { Find, ModelSpec } from '../platform/read-models/read-models.ts';

/** Seconds a result stays. */
export const LIST_SECONDS = 300;

/** A hash of the query, with the counter of the topic that makes its result stale. */
export function listKey(model: ModelSpec, find: Find, counter: number): string {
  const query = JSON.stringify([find.where, find.sort, find.after ?? null, find.limit]);
  return `${model.name}:${createHash('sha256').update(query).digest('base64url')}:${counter}`;
}
