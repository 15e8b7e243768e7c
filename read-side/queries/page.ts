/** Pages of lists: the cursor, which is bound to its query, and the answer. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Position } from '../../contracts/message.ts';
import type { Answer } from '../../platform/http/route.ts';
import type { Find, Stored } from '../../platform/read-models/read-models.ts';
import { badParameter } from '../reading.ts';

const cursorSchema = z.strictObject({
  /** The hash of the query that the cursor belongs to. */
  of: z.string(),
  values: z.array(z.union([z.string(), z.number(), z.null()])),
  id: z.string(),
});

/** The hash of the parts that make two lists different: filters and order. */
export function queryHash(parts: unknown): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 16);
}

/** The text with which a client asks for the page after this document. */
export function cursorAfter(of: string, find: Find, last: Stored): string {
  const values = find.sort.map(({ field }) => (last.document?.[field] ?? null) as string | number | null);
  return encodeCursor({ of, values, id: last.id });
}

/** A cursor as text. */
export function encodeCursor(cursor: z.infer<typeof cursorSchema>): string {
  return Buffer.from(JSON.stringify(cursor)).toString('base64url');
}

/** The place where a page begins; undefined without a cursor. Error: ProblemError `invalid` (400) for a broken cursor, or one of another query. */
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

/** True where the values have the types of the sort keys, so that they can be compared. */
function sameKinds(values: readonly unknown[], example: readonly unknown[]): boolean {
  return values.length === example.length && values.every((value, index) => typeof value === typeof example[index]);
}

/** The parts of a list's answer. */
export interface ListPage {
  path: string;
  /** The parameters of the request, without the cursor. */
  parameters: object;
  position: Position;
  items: unknown[];
  /** The cursor of the next page; undefined on the last one. */
  next: string | undefined;
}

/** The answer `{items, next?}`, with `Link: rel="next"` (RFC 8288). */
export function listAnswer({ path, parameters, position, items, next }: ListPage): Answer {
  if (next === undefined) return { headers: { Position: position }, body: { items } };
  return { headers: { Position: position, ...nextPage(path, parameters, next) }, body: { items, next } };
}

/** The header `Link` to the next page of a list; no header on the last one. */
export function nextPage(path: string, parameters: object, next: string | undefined): Record<string, string> {
  if (next === undefined) return {};
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined && name !== 'cursor') query.set(name, String(value));
  query.set('cursor', next);
  return { Link: `<${path}?${query}>; rel="next"` };
}

/** The schema of a list's answer. */
export function listOf<T extends z.ZodType>(item: T) {
  return z.strictObject({ items: z.array(item), next: z.string().optional() });
}

/** Splits the found documents, up to one more than a page, into the page and, if there are more, its last document. */
export function pageOf(found: Stored[], limit: number): { page: Stored[]; last: Stored | undefined } {
  const page = found.slice(0, limit);
  return { page, last: found.length > limit ? page.at(-1) : undefined };
}
