/** The key under which the cache keeps the result of a query. */
import { createHash } from 'node:crypto';
import type { Count, Find, ModelSpec } from '../platform/read-models/read-models.ts';

/** Seconds for which a result stays in the cache. */
export const LIST_SECONDS = 300;

/** The key of a query's result: a hash of the query, and the counter of the topic that makes the result stale. */
export function listKey(model: ModelSpec, find: Find, counter: number): string {
  return keyOf(model, [find.where, find.sort, find.after ?? null, find.limit], counter);
}

/** The key of a count, likewise. */
export function countKey(model: ModelSpec, { where, most }: Count, counter: number): string {
  return keyOf(model, ['count', where, most], counter);
}

function keyOf({ name }: ModelSpec, query: unknown[], counter: number): string {
  return `${name}:${createHash('sha256').update(JSON.stringify(query)).digest('base64url')}:${counter}`;
}
