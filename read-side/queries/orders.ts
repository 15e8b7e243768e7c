/** GET /api/orders, GET /api/orders/:id: orders with their statuses. */

import { z } from 'zod';
import { isKnown, upcast } from '../../contracts/catalog.ts';
import { ORDER_STATUSES, type OrderEvent, type OrderSummary, type OrderView, orderSummary, orderView } from '../../contracts/order.ts';
import type { EventStore } from '../../platform/event-store/event-store.ts';
import type { Condition, Stored } from '../../platform/read-models/read-models.ts';
import { shownEmail } from '../../platform/shown-email.ts';
import { type OrderDocument, orders } from '../../projections/projectors/orders.ts';
import { listRoute, oneRoute } from './model-routes.ts';
import { cursor, limit, oneOrMore } from './parameters.ts';

export const listOrdersQuery = z.strictObject({
  status: oneOrMore(ORDER_STATUSES, 'One status, or several separated by commas.'),
  cursor,
  limit: limit(50),
});

export const listOrders = listRoute<z.output<typeof listOrdersQuery>>({
  path: '/api/orders',
  who: 'user',
  summary: 'Your own orders, newest first; for admins, all.',
  tag: 'orders',
  projector: orders,
  query: listOrdersQuery,
  item: orderSummary,
  select: ({ status }, { id, role }) => {
    const where: Condition[] = [];
    if (role !== 'admin') where.push({ field: 'maker', op: 'eq', value: id });
    if (status) where.push({ field: 'status', op: 'in', value: status });
    return { where, sort: [{ field: 'createdAt', descending: true }] };
  },
  view: summaryOf,
});

export const getOrder = oneRoute({
  path: '/api/orders/:id',
  who: 'user',
  summary: 'Where an order of your own stands, and how it came there; for admins, any.',
  tag: 'orders',
  projector: orders,
  response: orderView,
  missing: 'There is no such order.',
  view: async ({ id, document }, caller, { store }) => {
    const { due: _, within: __, deadAt: ___, ...order } = document as OrderDocument;
    if (caller.role !== 'admin' && order.maker !== caller.id) return null;
    const personal = await personalOfOrder(store, id);
    return personal && ({ id, ...order, ...personal } satisfies OrderView);
  },
});

/** The personal fields of an order, which no read model copies, from the order's own stream; null where it is gone. */
export async function personalOfOrder(store: EventStore, id: string): Promise<Pick<OrderView, 'email' | 'note'> | null> {
  for await (const [first] of store.readStream(`order-${id}`, { limit: 1 })) {
    const { email, note } = (first && isKnown(first) && (upcast(first) as OrderEvent & { type: 'OrderPlaced' }).data) || {};
    if (email !== undefined) return { email: shownEmail(email), ...(note === undefined ? {} : { note }) };
  }
  return null;
}

function summaryOf({ id, document }: Stored): OrderSummary {
  const { items: _, reasons: __, history: ___, due: ____, within: _____, deadAt: ______, ...summary } = document as OrderDocument;
  return { id, ...summary };
}
