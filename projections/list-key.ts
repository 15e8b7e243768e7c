/** The key under which the cache keeps the result of a query. */
import { createHash } from 'node:crypto';
import type { Find, ModelSpec } from '../platform/read-models/read-models.ts';

/** Seconds for which a result stays in the cache. */
export const LIST_SECONDS = 300;

/** The key of a query's result: a hash of the query, and the counter of the topic that makes the result stale. */
export function listKey(model: ModelSpec, find: Find, counter: number): string {
  const query = JSON.stringify([find.where, find.sort, find.after ?? null, find.limit]);
  return `${model.name}:${createHash('sha256').update(query).digest('base64url')}:${counter}`;
}
