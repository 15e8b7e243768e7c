/** GET /api/notifications, GET /api/notifications/:id: what was to be told to whom, and how that went. */
import { z } from 'zod';
import { id } from '../../contracts/fields.ts';
import { CHANNELS, KINDS, NOTIFICATION_STATUSES, type NotificationView, notificationView } from '../../contracts/notification.ts';
import { ProblemError } from '../../contracts/problem.ts';
import { ROLES } from '../../contracts/user.ts';
import type { Answer, Caller, Route, RouteRequest } from '../../gateway/route.ts';
import { type NotificationDocument, notifications } from '../../projections/projectors/notifications.ts';
import type { Condition, Find, Stored } from '../../projections/read-models/read-models.ts';
import { badParameter, callerOf, type QueryContext, reading } from '../reading.ts';
import { isOperator } from './notification-status.ts';
import { cursorAfter, decodeCursor, listAnswer, listOf, pageOf, queryHash } from './page.ts';
import { cursor, limit, oneOrMore } from './parameters.ts';

export const listNotificationsQuery = z.strictObject({
  all: z.enum(['', 'true'], 'is given without a value, or as true').optional().meta({ description: 'Those of everybody (admins and services).' }),
  userId: id.optional().meta({ description: 'Those of one user (oneself, or for admins and services anyone).' }),
  status: oneOrMore(NOTIFICATION_STATUSES, 'One status, or several separated by commas.'),
  type: oneOrMore(CHANNELS, 'One channel, or several separated by commas.'),
  kind: oneOrMore(KINDS, 'What it is about: one, or several separated by commas.'),
  dead: z
    .enum(['', 'true', 'false'], 'is given without a value, or as true or false')
    .optional()
    .meta({ description: 'Those that failed or whose fate is unknown, and that no operator has given up; `false`: all others.' }),
  cursor,
  limit: limit(50),
});
type ListNotifications = z.output<typeof listNotificationsQuery>;

export function listNotifications(context: QueryContext): Route {
  return {
    method: 'GET',
    path: '/api/notifications',
    who: ROLES,
    summary: 'Your own notifications, newest first; admins and services see those of others too.',
    tag: 'notifications',
    query: listNotificationsQuery,
    response: listOf(notificationView),
    handle: (request) => list(context, request),
  };
}

export function getNotification(context: QueryContext): Route {
  return {
    method: 'GET',
    path: '/api/notifications/:id',
    who: ROLES,
    summary: 'A notification of your own; for admins and services, any.',
    tag: 'notifications',
    query: z.strictObject({}),
    response: notificationView,
    handle: (request) => one(context, request),
  };
}

async function list(context: QueryContext, request: RouteRequest): Promise<Answer> {
  const query = request.query as ListNotifications;
  const recipient = recipientOf(query, callerOf(request));
  const of = queryHash(['notifications', recipient, query.status, query.type, query.kind, query.dead]);
  const find = findOf(query, recipient, of);
  const { position, result } = await reading(context, notifications, request, (from) => from.list(find));
  const { page, last } = pageOf(result, query.limit);
  const next = last && cursorAfter(of, find, last);
  return listAnswer({ path: '/api/notifications', parameters: { ...query }, position, items: page.map(viewOf), next });
}

/** Whose notifications are asked for; undefined: everybody's. */
function recipientOf({ all, userId }: ListNotifications, caller: Caller): string | undefined {
  const asked = all === undefined ? (userId ?? caller.id) : undefined;
  if (all !== undefined && userId !== undefined) throw badParameter('all', 'and userId exclude each other');
  if (isOperator(caller) || asked === caller.id) return asked;
  throw new ProblemError('forbidden', 'Only admins and services see the notifications of others.');
}

function findOf({ status, type, kind, dead, ...page }: ListNotifications, recipient: string | undefined, of: string): Find {
  const after = decodeCursor(page.cursor, of, ['']);
  const oneOf = (field: string, value: string[] | undefined): Condition[] => (value ? [{ field, op: 'in', value }] : []);
  const where: Condition[] = [
    ...(recipient === undefined ? [] : [{ field: 'recipientId', op: 'eq', value: recipient } as const]),
    ...oneOf('status', status),
    ...oneOf('channel', type),
    ...oneOf('kind', kind),
    ...deadOrNot(dead),
  ];
  return { where, sort: [{ field: 'createdAt', descending: true }], limit: page.limit + 1, ...(after ? { after } : {}) };
}

function deadOrNot(dead: ListNotifications['dead']): Condition[] {
  if (dead === undefined) return [];
  return [dead === 'false' ? { field: 'deadAt', op: 'eq', value: null } : { field: 'deadAt', op: 'gt', value: '' }];
}

async function one(context: QueryContext, request: RouteRequest): Promise<Answer> {
  const caller = callerOf(request);
  const { position, result } = await reading(context, notifications, request, (from) => from.one(request.params.id ?? ''));
  const document = result?.document as NotificationDocument | null | undefined;
  if (!result || !document || !(isOperator(caller) || document.recipientId === caller.id)) {
    throw new ProblemError('not_found', 'There is no such notification.');
  }
  return { headers: { ETag: `"${document.revision}"`, Position: position }, body: viewOf(result) };
}

function viewOf({ id: notificationId, document }: Stored): NotificationView {
  const { recipientId: _, due: __, inbox: ___, deadAt: ____, ...view } = document as NotificationDocument;
  return { id: notificationId, ...view };
}
