/** A notification folded from its own stream: its state, and each step with its time. */

import { z } from 'zod';
import { instant } from '../../contracts/fields.ts';
import type { RecordedEvent } from '../../contracts/message.ts';
import { type NotificationEvent, type NotificationStatus, notificationStatus } from '../../contracts/notification.ts';
import type { EventStore } from '../../platform/event-store/event-store.ts';
import { knownEvents } from '../../platform/event-store/known-events.ts';
import { shownEmail } from '../../platform/shown-email.ts';
import { withoutServers } from '../../platform/without-servers.ts';
import { type NotificationDocument, notifications } from '../../projections/projectors/notifications.ts';

const attempt = z.int().positive();

/** A step: the status that the notification came to, with its time. */
export const notificationStep = z.strictObject({
  status: notificationStatus,
  time: instant,
  attempt: attempt.optional(),
  error: z.string().optional(),
  worker: z.string().optional().meta({ description: 'The worker that tried, with its machine; for admins and services.' }),
  provider: z.string().optional().meta({ description: 'Which provider took it, by its label, where there are several; for admins and services.' }),
  detail: z.string().optional().meta({ description: 'What happened, where the status does not say it.' }),
});
export type NotificationStep = z.infer<typeof notificationStep>;

/** An error of a notification, with its time and attempt. */
export const notificationError = z.strictObject({ time: instant, attempt: attempt.optional(), error: z.string() });
export type NotificationError = z.infer<typeof notificationError>;

export interface NotificationHistory {
  document: NotificationDocument;
  /** The present recipient: an address, a number or a user's id. Personal. */
  recipient: string;
  errors: NotificationError[];
  steps: NotificationStep[];
}

/** Resolves to the history of a notification; null where there is none. */
export async function notificationHistory(store: EventStore, id: string): Promise<NotificationHistory | null> {
  let document: NotificationDocument | null = null;
  let recipient = '';
  const steps: NotificationStep[] = [];
  for await (const recorded of knownEvents(store, `notification-${id}`)) {
    const event = recorded as RecordedEvent & NotificationEvent;
    const after: NotificationDocument = notifications.evolve(document ?? undefined, event) as NotificationDocument;
    const to = recipientAfter(event) ?? recipient;
    if (!isRenewal(event, document)) steps.push(...stepOf(event, after.status, correction(recipient, to)));
    [document, recipient] = [after, to];
  }
  return document && { document, recipient, steps, errors: steps.flatMap(errorIn) };
}

/** True for a worker's word that an attempt which is under way takes longer. */
function isRenewal({ type, data }: NotificationEvent, before: NotificationDocument | null): boolean {
  return type === 'NotificationProcessing' && before?.status === 'processing' && before.attempts === data.attempt;
}

/** The words about another recipient of a retry; empty for the same one. */
function correction(before: string, after: string): string {
  return before === '' || before === after ? '' : `, to ${after} (before: ${before})`;
}

function errorIn({ time, attempt: number, error }: NotificationStep): NotificationError[] {
  return error === undefined ? [] : [{ time, ...(number ? { attempt: number } : {}), error }];
}

/** The recipient that an event names: an address as it is shown, a number or a user's id; undefined for none. */
function recipientAfter({ data }: NotificationEvent): string | undefined {
  if (!('recipient' in data)) return undefined;
  const { address, phone, userId } = data.recipient;
  return address === undefined ? (phone ?? userId) : shownEmail(address);
}

const NO_OUTCOME = 'the attempt ended without an outcome; it may have been sent';

function stepOf({ type, time, data }: RecordedEvent & NotificationEvent, after: NotificationStatus, corrected: string): NotificationStep[] {
  switch (type) {
    case 'NotificationProcessing':
      return [{ status: after, time, attempt: data.attempt, worker: data.worker }];
    case 'NotificationAttemptUnknown':
      return [
        {
          status: 'unknown',
          time,
          attempt: data.attempt,
          worker: data.worker,
          error: data.error ? `${withoutServers(data.error)} (it may have been sent)` : NO_OUTCOME,
        },
      ];
    case 'NotificationDeferred':
    case 'NotificationFailed':
      return [{ status: after, time, attempt: data.attempt, error: withoutServers(data.error) }];
    case 'NotificationSent':
      return [{ status: after, time, attempt: data.attempt, ...(data.provider ? { provider: data.provider } : {}) }];
    // The event before tells the unknown attempt for which the notification is held.
    case 'NotificationHeld':
      return [];
    case 'NotificationReported':
      return [{ status: after, time, ...wordOf(data) }];
    case 'NotificationRetried':
      return [{ status: after, time, detail: `tried again by an operator${corrected}` }];
    case 'NotificationCancelled':
      return [{ status: after, time, ...(data.reason ? { detail: data.reason } : {}) }];
    case 'NotificationDiscarded':
      return [{ status: after, time, detail: 'given up by an operator' }];
    // Reading is no step of the delivery.
    case 'NotificationRead':
      return [];
    default:
      return [{ status: after, time }];
  }
}

type Word = Extract<NotificationEvent, { type: 'NotificationReported' }>['data'];

function wordOf({ delivered, status, error }: Word): { detail: string } | { error: string } {
  const word = `the provider says: ${status}`;
  return delivered ? { detail: word } : { error: error ?? word };
}
