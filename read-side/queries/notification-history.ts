/** A notification folded from its own stream: where it stands, and each step with its time. */
import { z } from 'zod';
import { upcast } from '../../contracts/catalog.ts';
import { instant } from '../../contracts/fields.ts';
import type { RecordedEvent } from '../../contracts/message.ts';
import { type NotificationEvent, type NotificationStatus, notificationStatus } from '../../contracts/notification.ts';
import type { EventStore } from '../../platform/event-store/event-store.ts';
import { type NotificationDocument, notifications } from '../../projections/projectors/notifications.ts';

const attempt = z.int().positive();

/** A step: the status that it came to. */
export const notificationStep = z.strictObject({
  status: notificationStatus,
  time: instant,
  attempt: attempt.optional(),
  error: z.string().optional(),
  worker: z.string().optional(),
  detail: z.string().optional().meta({ description: 'What happened, where the status does not say it.' }),
});
export type NotificationStep = z.infer<typeof notificationStep>;

/** What went wrong, once for each time that it did. */
export const notificationError = z.strictObject({ time: instant, attempt: attempt.optional(), error: z.string() });
export type NotificationError = z.infer<typeof notificationError>;

export interface NotificationHistory {
  document: NotificationDocument;
  /** Whom it goes to now: an address, a number, a user's id. Personal. */
  recipient: string;
  errors: NotificationError[];
  steps: NotificationStep[];
}

/** All that is known of a notification; null where there is none. */
export async function notificationHistory(store: EventStore, id: string): Promise<NotificationHistory | null> {
  let document: NotificationDocument | null = null;
  let recipient = '';
  const steps: NotificationStep[] = [];
  for await (const page of store.readStream(`notification-${id}`)) {
    for (const recorded of page) {
      const event = upcast(recorded) as RecordedEvent & NotificationEvent;
      const after: NotificationDocument = notifications.evolve(document ?? undefined, event) as NotificationDocument;
      const to = recipientAfter(event) ?? recipient;
      steps.push(...stepOf(event, after.status, correction(recipient, to)));
      [document, recipient] = [after, to];
    }
  }
  return document && { document, recipient, steps, errors: steps.flatMap(errorIn) };
}

/** What is said of a retry that goes to another one. */
function correction(before: string, after: string): string {
  return before === '' || before === after ? '' : `, to ${after} (before: ${before})`;
}

function errorIn({ time, attempt: number, error }: NotificationStep): NotificationError[] {
  return error === undefined ? [] : [{ time, ...(number ? { attempt: number } : {}), error }];
}

/** An address, a number or a user's id; undefined where the event says nothing of it. */
function recipientAfter({ data }: NotificationEvent): string | undefined {
  if (!('recipient' in data)) return undefined;
  const { address, phone, userId } = data.recipient;
  return address ?? phone ?? userId;
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
          error: data.error ? `${data.error} (it may have been sent)` : NO_OUTCOME,
        },
      ];
    case 'NotificationDeferred':
    case 'NotificationFailed':
      return [{ status: after, time, attempt: data.attempt, error: data.error }];
    case 'NotificationSent':
      return [{ status: after, time, attempt: data.attempt }];
    // What it is held for was said just before.
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
    // Whether somebody has read it is not how it went.
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
