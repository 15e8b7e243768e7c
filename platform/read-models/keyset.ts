/** The page after a document, as a few plain queries without OR, so that each can walk an index. */
import type { Find } from './read-models.ts';

/** A condition on a sort key, or on the id (`field: null`). `after` a value means above it, or below it in a descending order. */
export type Bound =
  | { field: string | null; is: 'same'; value: string | number | null }
  | { field: string | null; is: 'after'; value: string | number; descending: boolean }
  | { field: string; is: 'not null' };

/**
 * The documents after `query.after` in the query's order, cut into stretches: those of the first stretch, then those of the next, and so on.
 * Each stretch is a list of bounds that all hold. Without `after`, one stretch without bounds.
 *
 * After (a, b, id) come, in this order: same a, same b, id after; same a, b after; a after. Null is below everything.
 */
export function stretches(query: Find): Bound[][] {
  const { after, sort } = query;
  if (!after) return [[]];
  const same: Bound[] = sort.map(({ field }, index) => ({ field, is: 'same', value: after.values[index] ?? null }));
  const all: Bound[][] = [[...same, { field: null, is: 'after', value: after.id, descending: idDescends(query) }]];
  for (let index = sort.length - 1; index >= 0; index--) {
    const key = sort[index];
    if (key) for (const bound of beyond(key, after.values[index] ?? null)) all.push([...same.slice(0, index), bound]);
  }
  return all;
}

/** True where ids descend: they go in the direction of the last sort key. */
export function idDescends(query: Find): boolean {
  return query.sort.at(-1)?.descending ?? false;
}

/** The bounds of the documents beyond a key's value, in order. */
function beyond({ field, descending }: { field: string; descending: boolean }, value: string | number | null): Bound[] {
  if (value === null) return descending ? [] : [{ field, is: 'not null' }];
  const after: Bound = { field, is: 'after', value, descending };
  return descending ? [after, { field, is: 'same', value: null }] : [after];
}

/** The first text, by UTF-8 bytes, after every text with this prefix; null when there is none. */
export function endOfPrefix(prefix: string): string | null {
  const points = Array.from(prefix, (character) => character.codePointAt(0) ?? 0);
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    if (last === 0x10ffff) continue;
    // Surrogates are not characters: after U+D7FF comes U+E000.
    return String.fromCodePoint(...points, last === 0xd7ff ? 0xe000 : last + 1);
  }
  return null;
}
