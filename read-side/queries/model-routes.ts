/** The two queries that most read models have: a list in pages, and one document by its id. */
import { z } from 'zod';
import type { Position } from '../../contracts/message.ts';
import { ProblemError } from '../../contracts/problem.ts';
import type { Caller, RouteRequest, RouteRow, RouteWith } from '../../platform/http/route.ts';
import type { Condition, Document, Find, ModelSpec, Stored } from '../../platform/read-models/read-models.ts';
import type { AnyProjector } from '../../projections/projector.ts';
import { callerOf, type QueryContext, reading } from '../reading.ts';
import { cursorAfter, decodeCursor, listAnswer, listOf, pageOf, queryHash } from './page.ts';

/** The selection of a list's documents. */
export interface Selection {
  where: Condition[];
  sort: Find['sort'];
  /** The identity of the list, which its cursors are bound to; default: the read model, `where` and `sort`. */
  of?: unknown;
  /** The topic that makes a cached result stale; undefined: the result is not cached. */
  topic?: string | undefined;
}

export interface PageQuery {
  cursor?: string | undefined;
  limit: number;
}

/** The fields that both kinds of query have. */
interface RowSpec extends Pick<RouteRow, 'path' | 'who' | 'summary' | 'tag'> {
  projector: AnyProjector;
}

export interface ListSpec<Query extends PageQuery> extends RowSpec {
  query: z.ZodType<Query>;
  /** The schema of an item, as `view` makes it. */
  item: z.ZodType;
  /** The selection for a query. `now`: ISO 8601, UTC. Errors: ProblemError, as `forbidden` where the caller may not see the list. */
  select(query: Query, caller: Caller, now: string): Selection;
  /** An item of the answer. `now`: ISO 8601, UTC. */
  view(stored: Stored, caller: Caller, now: string): unknown;
}

/** A route that answers a list of documents in pages. */
export function listRoute<Query extends PageQuery>(spec: ListSpec<Query>): RouteWith<QueryContext> {
  const { projector, item, select, view, ...row } = spec;
  return {
    row: { ...row, method: 'GET', response: listOf(item) },
    answer: async (context, request) => {
      const query = request.query as Query;
      const caller = callerOf(request);
      const now = nowIn(context);
      const selection = select(query, caller, now);
      const { position, page, next } = await readPage(context, request, projector, { ...selection, cursor: query.cursor, limit: query.limit });
      return listAnswer({ path: row.path, parameters: { ...query }, position, items: page.map((stored) => view(stored, caller, now)), next });
    },
  };
}

/** The time of a query: ISO 8601, UTC. */
function nowIn(context: QueryContext): string {
  return context.now?.() ?? new Date().toISOString();
}

/** Reads a page of documents. Errors: those of `reading`; ProblemError `invalid` (400) for a cursor of another list. */
export async function readPage(
  context: QueryContext,
  request: RouteRequest,
  projector: AnyProjector,
  { where, sort, of = [projector.model.name, where, sort], topic, cursor, limit }: Selection & PageQuery,
): Promise<{ position: Position; page: Stored[]; next: string | undefined }> {
  const hash = queryHash(of);
  const after = decodeCursor(cursor, hash, sort.map(exampleIn(projector.model)));
  const find: Find = { where, sort, limit: limit + 1, ...(after ? { after } : {}) };
  const { position, result } = await reading(context, projector, request, (from) => from.list(find, topic));
  const { page, last } = pageOf(result, limit);
  return { position, page, next: last && cursorAfter(hash, find, last) };
}

/** An example of a sort key's value, for its type. */
function exampleIn({ fields }: ModelSpec): (key: { field: string }) => string | number {
  return ({ field }) => (fields[field] === 'number' ? 0 : '');
}

export interface OneSpec extends RowSpec {
  response: z.ZodType;
  /** The detail of the 404 where there is no document that the caller may see, as `There is no such order.` */
  missing: string;
  /** The problem's type and the detail of the 404 of what was there once, where that is told apart. */
  former?: { type: string; detail: string };
  /** The document as the caller sees it; null where they may not. `now`: ISO 8601, UTC. */
  view(stored: { id: string; document: Document; now: string }, caller: Caller, context: QueryContext): Viewed | null | Promise<Viewed | null>;
}

/** The view of one document, with its revision, which is its ETag. */
interface Viewed {
  revision: number;
}

/** A route that answers one document by the `:id` of its path. */
export function oneRoute({ projector, missing, former, view, ...row }: OneSpec): RouteWith<QueryContext> {
  return {
    row: { ...row, method: 'GET', query: z.strictObject({}) },
    answer: async (context, request) => {
      const id = request.params.id ?? '';
      const { position, result } = await reading(context, projector, request, (from) => from.one(id));
      const body = result?.document ? await view({ id, document: result.document, now: nowIn(context) }, callerOf(request), context) : null;
      if (result?.document === null && former) throw new ProblemError('not_found', former.detail, { type: former.type });
      if (!body) throw new ProblemError('not_found', missing);
      return { headers: { ETag: `"${body.revision}"`, Position: position }, body };
    },
  };
}
