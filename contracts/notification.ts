/**
 * Notification: events, topics, views, an example of each. Effects are recorded first: a worker finds
 * here what to do, leases it, and records how it went.
 * Names and shapes of events are storage formats: add, never rename or remove.
 */
import { z } from 'zod';
import type { AggregateContract, DecidedEvent } from './catalog.ts';
import { id, instant } from './fields.ts';

export const CHANNELS = ['email', 'sms', 'in-app'] as const;
export const channel = z.enum(CHANNELS);
export type Channel = z.infer<typeof channel>;

/** What a notification is about; each has a template. */
export const KINDS = ['confirm_registration', 'task_created', 'task_assigned'] as const;
export const kind = z.enum(KINDS);
export type Kind = z.infer<typeof kind>;

const NotificationRequested = z.strictObject({
  channel,
  kind,
  /** Whom to tell; the address is looked up when it is sent. */
  recipient: z.strictObject({ userId: id }),
  /** The stream it is about, and the revision that caused it. */
  about: z.strictObject({ stream: z.string(), revision: z.int().nonnegative() }),
});
const attempt = z.int().positive();
const NotificationProcessing = z.strictObject({
  attempt,
  /** Who leased it. */
  worker: z.string(),
  /** After this without an outcome, the attempt is unknown. */
  until: instant,
});
const NotificationSent = z.strictObject({ attempt });
const NotificationDeferred = z.strictObject({
  attempt,
  /** What went wrong, the address left out. */
  error: z.string(),
  nextAttemptAt: instant,
});
const NotificationAttemptUnknown = z.strictObject({ attempt, worker: z.string() });
const NotificationFailed = z.strictObject({ attempt /** What went wrong, the address left out. */, error: z.string() });

export type NotificationEvent =
  | DecidedEvent<'NotificationRequested', z.infer<typeof NotificationRequested>>
  | DecidedEvent<'NotificationProcessing', z.infer<typeof NotificationProcessing>>
  | DecidedEvent<'NotificationSent', z.infer<typeof NotificationSent>>
  | DecidedEvent<'NotificationDeferred', z.infer<typeof NotificationDeferred>>
  | DecidedEvent<'NotificationAttemptUnknown', z.infer<typeof NotificationAttemptUnknown>>
  | DecidedEvent<'NotificationFailed', z.infer<typeof NotificationFailed>>;

export const NOTIFICATION_STATUSES = ['pending', 'processing', 'sent', 'failed'] as const;
export const notificationStatus = z.enum(NOTIFICATION_STATUSES);
export type NotificationStatus = z.infer<typeof notificationStatus>;

/** Who hears of a notification's event live: its recipient under `user:<id>`, and `notifications` (each sees only its own there). */
export function notificationTopics(recipientId: string): string[] {
  return [`notifications:${recipientId}`, `user:${recipientId}`];
}

export const notificationContract = {
  category: 'notification',
  events: {
    NotificationRequested: {
      schema: NotificationRequested,
      version: 1,
      summary: 'Somebody is to be told of something.',
      example: {
        channel: 'email',
        kind: 'task_created',
        recipient: { userId: '5c1d9a5e-0b57-4e39-9d0e-6a7b8c9d0e02' },
        about: { stream: 'task-7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07', revision: 0 },
      },
    },
    NotificationProcessing: {
      schema: NotificationProcessing,
      version: 1,
      summary: 'A worker leased the notification for one attempt.',
      example: { attempt: 1, worker: 'mail-1', until: '2026-11-21T09:01:00.000Z' },
    },
    NotificationSent: { schema: NotificationSent, version: 1, summary: 'The channel’s server took it.', example: { attempt: 1 } },
    NotificationDeferred: {
      schema: NotificationDeferred,
      version: 1,
      summary: 'An attempt failed in a way that may pass; the next comes later.',
      example: { attempt: 1, error: 'connect ECONNREFUSED', nextAttemptAt: '2026-11-21T09:00:10.000Z' },
    },
    NotificationAttemptUnknown: {
      schema: NotificationAttemptUnknown,
      version: 1,
      summary: 'A lease ran out without an outcome: the message may have been sent.',
      example: { attempt: 1, worker: 'mail-1' },
    },
    NotificationFailed: {
      schema: NotificationFailed,
      version: 1,
      summary: 'It cannot be delivered; nobody will try again by themselves.',
      example: { attempt: 5, error: '550 no such mailbox' },
    },
  },
  commands: {},
} satisfies AggregateContract;

/** A notification as lists show it. */
export const notificationView = z.strictObject({
  id,
  channel,
  kind,
  recipient: z.strictObject({ userId: id }),
  about: z.strictObject({ stream: z.string(), revision: z.int().nonnegative() }),
  status: notificationStatus,
  attempts: z.int().nonnegative(),
  unknownAttempts: z.array(attempt),
  nextAttemptAt: instant.nullable(),
  lastError: z.string().nullable(),
  createdAt: instant,
  updatedAt: instant,
  revision: z.int().nonnegative(),
});
export type NotificationView = z.infer<typeof notificationView>;
