/** GET /api/notifications, GET /api/notifications/:id: notifications with their recipients and statuses. */
import { z } from 'zod';
import { id } from '../../contracts/fields.ts';
import { NOTIFICATION_STATUSES, type NotificationView, notificationView } from '../../contracts/notification.ts';
import { CHANNELS } from '../../contracts/notifications/kind.ts';
import { KINDS } from '../../contracts/notifications/kinds.ts';
import { ProblemError } from '../../contracts/problem.ts';
import { ROLES } from '../../contracts/role.ts';
import type { Caller } from '../../platform/http/route.ts';
import type { Condition, Stored } from '../../platform/read-models/read-models.ts';
import { type NotificationDocument, notifications } from '../../projections/projectors/notifications.ts';
import { badParameter } from '../reading.ts';
import { listRoute, oneRoute } from './model-routes.ts';
import { isOperator } from './notification-status.ts';
import { cursor, flag, limit, oneOrMore } from './parameters.ts';

export const listNotificationsQuery = z.strictObject({
  all: flag('Those of everybody (admins and services).'),
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

export const listNotifications = listRoute<ListNotifications>({
  path: '/api/notifications',
  who: ROLES,
  summary: 'Your own notifications, newest first; admins and services see those of others too.',
  tag: 'notifications',
  projector: notifications,
  query: listNotificationsQuery,
  item: notificationView,
  select: (query, caller) => ({ where: conditions(query, recipientOf(query, caller)), sort: [{ field: 'createdAt', descending: true }] }),
  view: viewOf,
});

export const getNotification = oneRoute({
  path: '/api/notifications/:id',
  who: ROLES,
  summary: 'A notification of your own; for admins and services, any.',
  tag: 'notifications',
  projector: notifications,
  response: notificationView,
  missing: 'There is no such notification.',
  view: (stored, caller) => {
    const { recipientId } = stored.document as NotificationDocument;
    return isOperator(caller) || recipientId === caller.id ? viewOf(stored) : null;
  },
});

/** The user whose notifications are asked for; undefined: everybody's. */
function recipientOf({ all, userId }: ListNotifications, caller: Caller): string | undefined {
  const asked = all ? undefined : (userId ?? caller.id);
  if (all && userId !== undefined) throw badParameter('all', 'and userId exclude each other');
  if (isOperator(caller) || asked === caller.id) return asked;
  throw new ProblemError('forbidden', 'Only admins and services see the notifications of others.');
}

function conditions({ status, type, kind, dead }: ListNotifications, recipient: string | undefined): Condition[] {
  const oneOf = (field: string, value: string[] | undefined): Condition[] => (value ? [{ field, op: 'in', value }] : []);
  return [
    ...(recipient === undefined ? [] : [{ field: 'recipientId', op: 'eq', value: recipient } as const]),
    ...oneOf('status', status),
    ...oneOf('channel', type),
    ...oneOf('kind', kind),
    ...deadOrNot(dead),
  ];
}

function deadOrNot(dead: ListNotifications['dead']): Condition[] {
  if (dead === undefined) return [];
  return [dead === 'false' ? { field: 'deadAt', op: 'eq', value: null } : { field: 'deadAt', op: 'gt', value: '' }];
}

function viewOf({ id: notificationId, document }: Pick<Stored, 'id' | 'document'>): NotificationView {
  const { recipientId: _, inbox: __, deadAt: ___, arrivedAt: ____, fate: _____, ...rest } = document as NotificationDocument;
  const { due: _due, within: _within, waits: _waits, held: _held, ...view } = rest;
  return { id: notificationId, ...view };
}
