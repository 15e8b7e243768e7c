/** Pages of lists: the cursor, which is bound to the query it came from, and the answer. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Position } from '../../contracts/message.ts';
import type { Answer } from '../../platform/http/route.ts';
import type { Find, Stored } from '../../platform/read-models/read-models.ts';
import { badParameter } from '../reading.ts';

const cursorSchema = z.strictObject({
  /** Hash of the query it belongs to. */
  of: z.string(),
  values: z.array(z.union([z.string(), z.number(), z.null()])),
  id: z.string(),
});

/** Hash of whatever makes two lists different: filters and order. */
export function queryHash(parts: unknown): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 16);
}

/** The text a client gives back to have the page after this document. */
export function cursorAfter(of: string, find: Find, last: Stored): string {
  const values = find.sort.map(({ field }) => (last.document?.[field] ?? null) as string | number | null);
  return encodeCursor({ of, values, id: last.id });
}

/** A cursor as text. */
export function encodeCursor(cursor: z.infer<typeof cursorSchema>): string {
  return Buffer.from(JSON.stringify(cursor)).toString('base64url');
}

/** Where a page begins. Error: ProblemError `invalid` (400) for a cursor that is none, or of another query. */
export function decodeCursor(text: string | undefined, of: string, example: readonly (string | number)[]): Find['after'] {
  if (text === undefined) return undefined;
  const cursor = parsed(text);
  if (cursor?.of !== of || !sameKinds(cursor.values, example))
    throw badParameter('cursor', 'must be the `next` of an earlier page of this very list');
  return { values: cursor.values, id: cursor.id };
}

function parsed(text: string): z.infer<typeof cursorSchema> | undefined {
  try {
    return cursorSchema.safeParse(JSON.parse(Buffer.from(text, 'base64url').toString())).data;
  } catch {
    return undefined;
  }
}

/** A value of another kind could not be compared. */
function sameKinds(values: readonly unknown[], example: readonly unknown[]): boolean {
  return values.length === example.length && values.every((value, index) => typeof value === typeof example[index]);
}

/** What a list's answer is made of. */
export interface ListPage {
  path: string;
  /** The parameters as asked, without the cursor. */
  parameters: object;
  position: Position;
  items: unknown[];
  /** Cursor of the page after this. */
  next: string | undefined;
}

/** `{items, next?}`, with `Link: rel="next"` (RFC 8288). */
export function listAnswer({ path, parameters, position, items, next }: ListPage): Answer {
  if (next === undefined) return { headers: { Position: position }, body: { items } };
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined && name !== 'cursor') query.set(name, String(value));
  query.set('cursor', next);
  return { headers: { Position: position, Link: `<${path}?${query}>; rel="next"` }, body: { items, next } };
}

/** Schema of a list's answer. */
export function listOf<T extends z.ZodType>(item: T) {
  return z.strictObject({ items: z.array(item), next: z.string().optional() });
}

/** Splits what was found, one more than a page, into the page and the document it ends with, if there is more. */
export function pageOf(found: Stored[], limit: number): { page: Stored[]; last: Stored | undefined } {
  const page = found.slice(0, limit);
  return { page, last: found.length > limit ? page.at(-1) : undefined };
}
