/** GET /api/admin/dead-letters, GET /api/admin/dead-letters/:id: what waits for an operator. The list is the read models', one is from its own events. */
import { z } from 'zod';
import { upcast } from '../../contracts/catalog.ts';
import {
  type DeadLetterQueue,
  type DeadLetterSummary,
  type DeadLetterView,
  deadLetterQueue,
  deadLetterSummary,
  deadLetterView,
} from '../../contracts/dead-letter.ts';
import type { Position } from '../../contracts/message.ts';
import type { OrderEvent } from '../../contracts/order.ts';
import { ProblemError } from '../../contracts/problem.ts';
import type { Answer, Route, RouteRequest } from '../../gateway/route.ts';
import { type NotificationDocument, notifications } from '../../projections/projectors/notifications.ts';
import { type OrderDocument, orders } from '../../projections/projectors/orders.ts';
import type { Condition, Find, Stored } from '../../projections/read-models/read-models.ts';
import type { EventStore } from '../../write-side/event-store/event-store.ts';
import { type QueryContext, readAfterOf, reading } from '../reading.ts';
import { notificationHistory } from './notification-history.ts';
import { cursorAfter, decodeCursor, listAnswer, listOf, pageOf, queryHash } from './page.ts';
import { cursor, limit } from './parameters.ts';

export const deadLettersQuery = z.strictObject({ queue: deadLetterQueue, cursor, limit: limit(50) });

export function listDeadLetters(context: QueryContext): Route {
  return {
    method: 'GET',
    path: '/api/admin/dead-letters',
    who: ['admin'],
    summary: 'What of a queue failed for good, or whose fate is unknown, newest first.',
    tag: 'admin',
    query: deadLettersQuery,
    response: listOf(deadLetterSummary),
    handle: async (request) => {
      const query = request.query as z.output<typeof deadLettersQuery>;
      const { position, items, next } = await deadLettersOf(context, request, query);
      return listAnswer({ path: '/api/admin/dead-letters', parameters: { ...query }, position, items, next });
    },
  };
}

export function getDeadLetter(context: QueryContext): Route {
  return {
    method: 'GET',
    path: '/api/admin/dead-letters/:id',
    who: ['admin'],
    summary: 'A dead letter: its reason, every error, its whole history, and whom it was for.',
    tag: 'admin',
    query: z.strictObject({}),
    response: deadLetterView,
    handle: (request) => one(context.store, request),
  };
}

/** How the dead letters of a queue are found. The newest first: who tries them again meets none twice, as what dies again comes before. */
interface Source {
  projector: typeof notifications | typeof orders;
  where: Condition[];
  by: 'deadAt' | 'createdAt';
  viewOf(stored: Stored): DeadLetterSummary;
}

const ofChannel = (queue: DeadLetterQueue, channel: string): Source => ({
  projector: notifications,
  where: [
    { field: 'channel', op: 'eq', value: channel },
    { field: 'deadAt', op: 'gt', value: '' },
  ],
  by: 'deadAt',
  viewOf: ({ id, document }) => notificationSummary(queue, id, document as unknown as NotificationDocument),
});

const SOURCES: Readonly<Record<DeadLetterQueue, Source>> = {
  email_notifications: ofChannel('email_notifications', 'email'),
  sms_notifications: ofChannel('sms_notifications', 'sms'),
  orders: {
    projector: orders,
    where: [{ field: 'status', op: 'eq', value: 'failed' }],
    by: 'createdAt',
    viewOf: ({ id, document }) => orderSummary(id, document as unknown as OrderDocument),
  },
};

/** A page of a queue's dead letters. Errors: those of `reading`; ProblemError `invalid` (400) for a cursor of another list. */
export async function deadLettersOf(
  context: QueryContext,
  request: RouteRequest,
  page: { queue: DeadLetterQueue; cursor?: string | undefined; limit: number },
): Promise<{ position: Position; items: DeadLetterSummary[]; next: string | undefined }> {
  const { projector, where, by, viewOf } = SOURCES[page.queue];
  const of = queryHash(['dead-letters', page.queue]);
  const after = decodeCursor(page.cursor, of, ['']);
  const find: Find = { where, sort: [{ field: by, descending: true }], limit: page.limit + 1, ...(after ? { after } : {}) };
  const { position, result } = await reading(context, projector, request, (from) => from.list(find));
  const { page: found, last } = pageOf(result, page.limit);
  return { position, items: found.map(viewOf), next: last && cursorAfter(of, find, last) };
}

function notificationSummary(queue: DeadLetterQueue, id: string, document: NotificationDocument): DeadLetterSummary {
  const { status, lastError, attempts, deadAt, updatedAt, createdAt, kind, revision } = document;
  const unknown = status === 'unknown';
  return { id, queue, status: unknown ? 'unknown' : 'failed', reason: lastError, attempts, since: deadAt ?? updatedAt, createdAt, kind, revision };
}

function orderSummary(id: string, { lastError, attempts, updatedAt, createdAt, revision }: OrderDocument): DeadLetterSummary {
  return { id, queue: 'orders', status: 'failed', reason: lastError, attempts, since: updatedAt, createdAt, kind: 'order', revision };
}

async function one(store: EventStore, request: RouteRequest): Promise<Answer> {
  const id = request.params.id ?? '';
  await readAfterOf(store, request);
  const position = await store.head();
  const body = (await deadNotification(store, id)) ?? (await deadOrder(store, id));
  if (!body) throw new ProblemError('not_found', 'There is no notification and no order with this id.');
  return { headers: { ETag: `"${body.revision}"`, Position: position }, body };
}

async function deadNotification(store: EventStore, id: string): Promise<DeadLetterView | null> {
  const found = await notificationHistory(store, id);
  if (!found) return null;
  const { document, recipient, errors, steps } = found;
  const queue = document.channel === 'sms' ? 'sms_notifications' : 'email_notifications';
  if (!document.deadAt) throw notDead(document.status, steps.at(-1)?.detail);
  return { ...notificationSummary(queue, id, document), recipient, errors, history: steps };
}

async function deadOrder(store: EventStore, id: string): Promise<DeadLetterView | null> {
  let document: OrderDocument | null = null;
  let email = '';
  for await (const page of store.readStream(`order-${id}`)) {
    for (const recorded of page) {
      const event = upcast(recorded);
      document = orders.evolve(document ?? undefined, event);
      if (event.type === 'OrderPlaced') email = (event as OrderEvent & { type: 'OrderPlaced' }).data.email;
    }
  }
  return document && orderView(id, document, email);
}

function orderView(id: string, document: OrderDocument, recipient: string): DeadLetterView {
  if (document.status !== 'failed') throw notDead(document.status);
  const steps = document.history;
  const errors = steps.flatMap(({ time, attempt, detail }) =>
    attempt !== undefined && detail !== undefined ? [{ time, attempt, error: detail }] : [],
  );
  return { ...orderSummary(id, document), recipient, errors, history: steps };
}

function notDead(status: string, detail?: string): ProblemError {
  return new ProblemError('not_found', `It is no dead letter: it is ${status}${detail ? ` (${detail})` : ''}.`);
}
