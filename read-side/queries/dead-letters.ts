/** GET /api/admin/dead-letters, from the read models; GET /api/admin/dead-letters/:id, from the item's own events. */

import { z } from 'zod';
import {
  type DeadLetterQueue,
  type DeadLetterSummary,
  type DeadLetterView,
  deadLetterQueue,
  deadLetterStatus,
  deadLetterSummary,
  deadLetterView,
} from '../../contracts/dead-letter.ts';
import type { Position } from '../../contracts/message.ts';
import type { OrderEvent } from '../../contracts/order.ts';
import { ProblemError } from '../../contracts/problem.ts';
import type { EventStore } from '../../platform/event-store/event-store.ts';
import { knownEvents } from '../../platform/event-store/known-events.ts';
import type { Answer, RouteRequest, RouteWith } from '../../platform/http/route.ts';
import type { Condition, Stored } from '../../platform/read-models/read-models.ts';
import { shownEmail } from '../../platform/shown-email.ts';
import type { AnyProjector } from '../../projections/projector.ts';
import { type NotificationDocument, notifications } from '../../projections/projectors/notifications.ts';
import { type OrderDocument, orders } from '../../projections/projectors/orders.ts';
import { type QueryContext, readAfterOf } from '../reading.ts';
import { type PageQuery, readPage } from './model-routes.ts';
import { notificationHistory } from './notification-history.ts';
import { encodeCursor, listAnswer, listOf, queryHash } from './page.ts';
import { cursor, limit } from './parameters.ts';

export const deadLettersQuery = z.strictObject({
  queue: deadLetterQueue.optional().meta({ description: 'Those of one queue; default: of all.' }),
  status: deadLetterStatus.optional().meta({ description: 'Only what failed for good, or only what nobody knows the fate of.' }),
  cursor,
  limit: limit(50),
});

export const listDeadLetters: RouteWith<QueryContext> = {
  row: {
    method: 'GET',
    path: '/api/admin/dead-letters',
    who: ['admin'],
    summary: 'What failed for good, or whose fate is unknown, newest first.',
    tag: 'admin',
    query: deadLettersQuery,
    response: listOf(deadLetterSummary),
  },
  answer: async (context, request) => {
    const query = request.query as z.output<typeof deadLettersQuery>;
    const { position, items, next } = await deadLettersOf(context, request, query);
    return listAnswer({ path: '/api/admin/dead-letters', parameters: { ...query }, position, items, next });
  },
};

export const getDeadLetter: RouteWith<QueryContext> = {
  row: {
    method: 'GET',
    path: '/api/admin/dead-letters/:id',
    who: ['admin'],
    summary: 'A dead letter: its reason, every error, its whole history, and whom it was for.',
    tag: 'admin',
    query: z.strictObject({}),
    response: deadLetterView,
  },
  answer: ({ store }, request) => one(store, request),
};

/** A read model that has dead letters. */
interface Source {
  projector: AnyProjector;
  where: Condition[];
  viewOf(stored: Stored): DeadLetterSummary;
}

export interface DeadLettersPage extends PageQuery {
  /** The queue of the dead letters; default: all. */
  queue?: DeadLetterQueue | undefined;
  /** The status of the dead letters; default: both. */
  status?: DeadLetterSummary['status'] | undefined;
}

const QUEUE_OF: Readonly<Record<string, DeadLetterQueue>> = { email: 'email_notifications', sms: 'sms_notifications' };

function sourcesOf({ queue, status }: DeadLettersPage): Source[] {
  const where: Condition[] = [{ field: 'deadAt', op: 'gt', value: '' }];
  const fate: Condition[] = status ? [{ field: 'fate', op: 'eq', value: status }] : [];
  const channels = Object.keys(QUEUE_OF).filter((channel) => queue === undefined || QUEUE_OF[channel] === queue);
  const ofNotifications: Source = {
    projector: notifications,
    where: [{ field: 'channel', op: 'in', value: channels }, ...fate, ...where],
    viewOf: ({ id, document }) => notificationSummary(id, document as unknown as NotificationDocument),
  };
  const ofOrders: Source = { projector: orders, where, viewOf: ({ id, document }) => orderSummary(id, document as unknown as OrderDocument) };
  return [
    ...(channels.length > 0 ? [ofNotifications] : []), // The fate of an order is never unknown.
    ...(status !== 'unknown' && (queue === undefined || queue === 'orders') ? [ofOrders] : []),
  ];
}

/** The newest first: whoever retries page by page meets none twice, because one that fails again comes before. */
const sort = [{ field: 'deadAt', descending: true }];

/** A page of dead letters. Errors: those of `readPage`. */
export async function deadLettersOf(
  context: QueryContext,
  request: RouteRequest,
  page: DeadLettersPage,
): Promise<{ position: Position; items: DeadLetterSummary[]; next: string | undefined }> {
  const of = ['dead-letters', page.queue, page.status];
  const sources = sourcesOf(page);
  const found = await Promise.all(sources.map(({ projector, where }) => readPage(context, request, projector, { ...page, where, sort, of })));
  const all = found.flatMap((one, index) => one.page.map((stored) => sources[index]?.viewOf(stored) as DeadLetterSummary)).sort(newestFirst);
  const items = all.slice(0, page.limit);
  const last = items.at(-1);
  const isMore = all.length > page.limit || found.some(({ next }) => next !== undefined);
  return {
    position: found.map(({ position }) => position).sort()[0] ?? (await context.store.head()),
    items,
    next: isMore && last ? encodeCursor({ of: queryHash(of), values: [last.since], id: last.id }) : undefined,
  };
}

/** The order in which each of the read models sorts, too. */
function newestFirst(one: DeadLetterSummary, other: DeadLetterSummary): number {
  const [a, b] = [one.since + one.id, other.since + other.id];
  return a < b ? 1 : -1;
}

function notificationSummary(id: string, document: NotificationDocument): DeadLetterSummary {
  const { channel, lastError, attempts, deadAt, updatedAt, createdAt, kind, about, revision } = document;
  const queue = QUEUE_OF[channel] ?? 'email_notifications';
  const status = document.fate ?? 'failed';
  return { id, queue, status, reason: lastError, attempts, since: deadAt ?? updatedAt, createdAt, kind, about: about.stream, revision };
}

function orderSummary(id: string, { lastError, attempts, deadAt, updatedAt, createdAt, revision }: OrderDocument): DeadLetterSummary {
  return {
    id,
    queue: 'orders',
    status: 'failed',
    reason: lastError,
    attempts,
    since: deadAt ?? updatedAt,
    createdAt,
    kind: 'order',
    about: `order-${id}`,
    revision,
  };
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
  if (!document.deadAt) throw notDead(document.status, steps.at(-1)?.detail);
  return { ...notificationSummary(id, document), recipient, errors, history: steps };
}

async function deadOrder(store: EventStore, id: string): Promise<DeadLetterView | null> {
  let document: OrderDocument | null = null;
  let email = '';
  for await (const event of knownEvents(store, `order-${id}`)) {
    document = orders.evolve(document ?? undefined, event);
    if (event.type === 'OrderPlaced') email = shownEmail((event as OrderEvent & { type: 'OrderPlaced' }).data.email);
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
