/** GET /api/orders, GET /api/orders/:id: where orders stand. */
import { z } from 'zod';
import { upcast } from '../../contracts/catalog.ts';
import { ORDER_STATUSES, type OrderEvent, type OrderSummary, type OrderView, orderSummary, orderView } from '../../contracts/order.ts';
import { ProblemError } from '../../contracts/problem.ts';
import type { Answer, Caller, Route, RouteRequest } from '../../gateway/route.ts';
import { type OrderDocument, orders } from '../../projections/projectors/orders.ts';
import type { Condition, Find, Stored } from '../../projections/read-models/read-models.ts';
import type { EventStore } from '../../write-side/event-store/event-store.ts';
import { callerOf, type QueryContext, reading } from '../reading.ts';
import { cursorAfter, decodeCursor, listAnswer, listOf, pageOf, queryHash } from './page.ts';
import { cursor, limit, oneOrMore } from './parameters.ts';

export const listOrdersQuery = z.strictObject({
  status: oneOrMore(ORDER_STATUSES, 'One status, or several separated by commas.'),
  cursor,
  limit: limit(50),
});
type ListOrders = z.output<typeof listOrdersQuery>;

export function listOrders(context: QueryContext): Route {
  return {
    method: 'GET',
    path: '/api/orders',
    who: 'user',
    summary: 'Your own orders, newest first; for admins, all.',
    tag: 'orders',
    query: listOrdersQuery,
    response: listOf(orderSummary),
    handle: (request) => list(context, request),
  };
}

export function getOrder(context: QueryContext): Route {
  return {
    method: 'GET',
    path: '/api/orders/:id',
    who: 'user',
    summary: 'Where an order of your own stands, and how it came there; for admins, any.',
    tag: 'orders',
    query: z.strictObject({}),
    response: orderView,
    handle: (request) => one(context, request),
  };
}

async function list(context: QueryContext, request: RouteRequest): Promise<Answer> {
  const query = request.query as ListOrders;
  const caller = callerOf(request);
  const maker = caller.role === 'admin' ? undefined : caller.id;
  const of = queryHash(['orders', maker, query.status]);
  const find = findOf(query, maker, of);
  const { position, result } = await reading(context, orders, request, (from) => from.list(find));
  const { page, last } = pageOf(result, query.limit);
  const next = last && cursorAfter(of, find, last);
  return listAnswer({ path: '/api/orders', parameters: { ...query }, position, items: page.map(summaryOf), next });
}

function findOf({ status, ...page }: ListOrders, maker: string | undefined, of: string): Find {
  const after = decodeCursor(page.cursor, of, ['']);
  const where: Condition[] = [
    ...(maker === undefined ? [] : [{ field: 'maker', op: 'eq', value: maker } as const]),
    ...(status ? [{ field: 'status', op: 'in', value: status } as const] : []),
  ];
  return { where, sort: [{ field: 'createdAt', descending: true }], limit: page.limit + 1, ...(after ? { after } : {}) };
}

async function one(context: QueryContext, request: RouteRequest): Promise<Answer> {
  const id = request.params.id ?? '';
  const { position, result } = await reading(context, orders, request, (from) => from.one(id));
  const { due: _, ...document } = visible(callerOf(request), result);
  const view: OrderView = { id, ...document, ...(await personalOf(context.store, id)) };
  return { headers: { ETag: `"${view.revision}"`, Position: position }, body: view };
}

/** An order that is there and the caller's to read. Error: ProblemError `not_found`, the same for another's. */
function visible(caller: Caller, stored: Stored | undefined): OrderDocument {
  const document = stored?.document as OrderDocument | null | undefined;
  if (document && (caller.role === 'admin' || document.maker === caller.id)) return document;
  throw new ProblemError('not_found', 'There is no such order.');
}

/** What no read model copies: from the order's own stream. */
async function personalOf(store: EventStore, id: string): Promise<Pick<OrderView, 'email' | 'note'>> {
  for await (const [first] of store.readStream(`order-${id}`, { limit: 1 })) {
    const { email, note } = (first && (upcast(first) as OrderEvent & { type: 'OrderPlaced' }).data) ?? {};
    if (email !== undefined) return { email, ...(note === undefined ? {} : { note }) };
  }
  throw new ProblemError('not_found', 'There is no such order.');
}

function summaryOf({ id, document }: Stored): OrderSummary {
  const { items: _, reasons: __, history: ___, due: ____, ...summary } = document as OrderDocument;
  return { id, ...summary };
}
