/** GET /api/notifications/:id/status: the status of a notification, from its own events. */
import { z } from 'zod';
import { id, instant } from '../../contracts/fields.ts';
import { channel, notificationStatus } from '../../contracts/notification.ts';
import { ProblemError } from '../../contracts/problem.ts';
import { ROLES } from '../../contracts/role.ts';
import type { Answer, Caller, RouteRequest, RouteWith } from '../../platform/http/route.ts';
import { callerOf, type QueryContext, readAfterOf } from '../reading.ts';
import { notificationError, notificationHistory, notificationStep } from './notification-history.ts';

export const notificationStatusView = z.strictObject({
  id,
  type: channel,
  status: notificationStatus,
  recipient: z.string().optional().meta({ description: 'An address, a phone number or a user’s id; for admins and services.' }),
  attempts: z.int().nonnegative(),
  lastError: z.string().nullable(),
  nextAttemptAt: instant.nullable(),
  errors: z.array(notificationError).meta({ description: 'Everything that went wrong, oldest first.' }),
  history: z.array(notificationStep).meta({ description: 'Every status with its time, oldest first.' }),
});

export const notificationStatusOf: RouteWith<QueryContext> = {
  row: {
    method: 'GET',
    path: '/api/notifications/:id/status',
    who: ROLES,
    summary: 'Where a notification stands, every attempt and error with its time: for admins, services, and the user it is for.',
    tag: 'notifications',
    query: z.strictObject({}),
    response: notificationStatusView,
  },
  answer: handle,
};

/** True for callers who may see everybody's notifications. */
export function isOperator({ role }: Caller): boolean {
  return role === 'admin' || role === 'service';
}

/** Answers from the stream itself, as new as the log, so that whoever has just sent a notification sees it. */
async function handle({ store }: QueryContext, request: RouteRequest): Promise<Answer> {
  const caller = callerOf(request);
  const notificationId = request.params.id ?? '';
  await readAfterOf(store, request);
  const position = await store.head();
  const found = await notificationHistory(store, notificationId);
  if (!found || !(isOperator(caller) || found.document.recipientId === caller.id))
    throw new ProblemError('not_found', 'There is no such notification.');
  const { document, recipient, errors, steps } = found;
  const { status, attempts, lastError, nextAttemptAt, revision } = document;
  const body: z.infer<typeof notificationStatusView> = {
    id: notificationId,
    type: document.channel,
    status,
    ...(isOperator(caller) ? { recipient } : {}),
    attempts,
    lastError,
    nextAttemptAt,
    errors,
    history: isOperator(caller) ? steps : steps.map(({ worker: _, provider: __, ...step }) => step),
  };
  return { headers: { ETag: `"${revision}"`, Position: position }, body };
}
