/** The orders of the load, and the checks of them in the log and in the list. */
import { expect } from 'vitest';
import { idOf, type RecordedEvent } from '../contracts/message.ts';
import type { OrderStatus, OrderSummary } from '../contracts/order.ts';
import type { User } from './client.fixture.ts';
import { untilAnswered } from './faults-answered.fixture.ts';
import { type Story, streamsOf } from './faults-log.fixture.ts';
import { checkDecided, endsOf, orderToPlace, type ToPlace } from './orders.fixture.ts';

/** An order that was answered. */
export interface Order extends ToPlace {
  id: string;
  maker: string;
  revision: number;
  position: string;
  /** The status of the answer to its cancellation; undefined where nobody asked for one. */
  cancelled?: number;
}

/** One of so many orders is cancelled, at once. */
const ORDERS_TO_A_CANCELLATION = 5;

/** Places the n-th order of a world; resolves once the order, and its cancellation, are answered. */
export async function placeOrder(by: User, n: number): Promise<Order> {
  const one = orderToPlace(n);
  const { reply } = await untilAnswered(by, 'POST /api/orders', one);
  const { id, revision, position } = reply.body;
  const order: Order = { ...one, id, maker: by.id, revision, position };
  if (n % ORDERS_TO_A_CANCELLATION > 0) return order;
  const cancellation = await untilAnswered(by, `POST /api/orders/${id}/cancel`, { refusal: 409 });
  return { ...order, cancelled: cancellation.reply.status };
}

/** The last events of all orders that have no end yet. */
export function openOrders(story: Story): RecordedEvent[] {
  return streamsOf(story, 'order').flatMap(([, events]) => (isOpen(events) ? (events.at(-1) ?? []) : []));
}

const isOpen = (events: readonly RecordedEvent[]) => endsOf(events).length === 0;

/** Checks that each answered order is in the log once, as it was answered, and no other; and that each closed one was decided once, by the rules. */
export function checkOrders(story: Story, orders: readonly Order[]): void {
  for (const order of orders) {
    const events = story.streams.get(`order-${order.id}`) ?? [];
    const { maker, position, revision, body } = order;
    expect(events[revision], `order ${order.id}`).toMatchObject({ type: 'OrderPlaced', position, data: { maker, ...body } });
    // An answered cancellation is an end.
    if (!isOpen(events) || order.cancelled !== undefined) checkEnd(order, events);
  }
  expect(streamsOf(story, 'order').length, 'orders').toBe(orders.length);
}

function checkEnd(order: Order, events: readonly RecordedEvent[]): void {
  const status = checkDecided(order, events);
  if (order.cancelled === undefined) expect(status, `order ${order.id}, which nobody cancelled`).toBe(order.expected);
}

/** Checks that the list has each order once, as the log has it. Orders that were open may have gone on meanwhile. */
export function checkOrderList(listed: readonly OrderSummary[], story: Story): void {
  const all = streamsOf(story, 'order').map(([stream, events]) => ({ id: idOf(stream), revision: events.length - 1, status: endsOf(events)[0] }));
  const open = new Set(all.flatMap(({ id, status }) => (status ? [] : id)));
  const row = ({ id, status, revision }: { id: string; status?: OrderStatus | undefined; revision: number }) =>
    open.has(id) ? `${id} open` : `${id} ${status} ${revision}`;
  expect(listed.map(row).sort()).toEqual(all.map(row).sort());
}
