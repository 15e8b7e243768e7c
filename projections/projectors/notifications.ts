/** Read model `notifications`: every notification with its recipient and its status. */
import type { RecordedEvent } from '../../contracts/message.ts';
import type { NotificationEvent, NotificationView } from '../../contracts/notification.ts';
import { withoutServers } from '../../platform/without-servers.ts';
import { dueOf } from '../../platform/work/due.ts';
import { beginning, byStream, existing, type Folded, projector } from '../projector.ts';

/** A notification as it is stored. */
export type NotificationDocument = Omit<NotificationView, 'id'> & {
  /** The recipient as queries compare it: a user's id, else empty text. */
  recipientId: string;
  /** Its mark in the recipient's inbox; null for one that is not there. */
  inbox: 'read' | 'unread' | null;
  /** The time when it came into the inbox; null for one that is not there. */
  arrivedAt: string | null;
  /** The time when it became a dead letter (failed, or fate unknown), until an operator retries or discards it; null for none. */
  deadAt: string | null;
  /** The kind of dead letter: it failed, or its last attempt's fate is unknown; null for none. */
  fate: 'failed' | 'unknown' | null;
  /** The time when the dispatcher has to look at it: at once, at its next attempt, at its lease's end; null: never. */
  due: string | null;
  /** Milliseconds that it had to wait for that; null where that is a time of day which somebody chose. */
  within: number | null;
  /** What it waits for: a time of day, or a length by the clock. */
  waits: (typeof WAITS)[number];
  /** Whether it is held back until its address is confirmed, or may have another mail. */
  held: 'yes' | null;
};

/** What a notification waits for: a time of day which somebody chose, or a length: a lease, a pause, or none. */
export const WAITS = ['clock', 'day'] as const;

/** The fields of an undecided notification, by the event that leased it, put it off, or began it. */
function waiting(recorded: RecordedEvent): Pick<NotificationDocument, 'due' | 'within' | 'waits'> {
  const { due, within = null } = dueOf(recorded as { time: string; data: object });
  return { due, within, waits: within === null ? 'day' : 'clock' };
}

type EventOf<T extends NotificationEvent['type']> = Extract<NotificationEvent, { type: T }>;

function evolve(document: Folded<NotificationDocument>, recorded: RecordedEvent): NotificationDocument {
  const event = recorded as RecordedEvent & NotificationEvent;
  if (event.type === 'NotificationRequested') {
    beginning(document, recorded);
    return requested(recorded, event.data);
  }
  return { ...changed(existing(document, recorded), event, recorded), updatedAt: recorded.time, revision: recorded.revision };
}

function requested(recorded: RecordedEvent, data: EventOf<'NotificationRequested'>['data']): NotificationDocument {
  const { time, revision } = recorded;
  const { channel, kind, recipient, about, content, sendAt } = data;
  const isInbox = channel === 'in-app';
  return {
    channel,
    kind,
    recipient: userOf(recipient),
    about,
    status: sendAt ? 'scheduled' : 'pending',
    attempts: 0,
    unknownAttempts: [],
    nextAttemptAt: sendAt ?? null,
    lastError: null,
    // Personal: kept only for the inbox, in the document of its own reader.
    content: isInbox && content ? content : null,
    read: false,
    dead: false,
    createdAt: time,
    updatedAt: time,
    revision,
    recipientId: recipient.userId ?? '',
    inbox: null,
    arrivedAt: null,
    deadAt: null,
    fate: null,
    held: null,
    ...waiting(recorded),
    ...(isInbox && !sendAt ? { due: null } : {}),
  };
}

function userOf({ userId }: { userId?: string | undefined }): { userId?: string } {
  return userId ? { userId } : {};
}

type Later = Exclude<NotificationEvent, EventOf<'NotificationRequested'>>;

function changed(document: NotificationDocument, event: Later, recorded: RecordedEvent): NotificationDocument {
  const { time } = recorded;
  switch (event.type) {
    case 'NotificationProcessing':
      return { ...document, status: 'processing', attempts: event.data.attempt, nextAttemptAt: null, ...waiting(recorded), held: null };
    case 'NotificationSent':
      return { ...document, ...ofSent(document, event.data, time), status: 'sent', nextAttemptAt: null, due: null, lastError: null };
    case 'NotificationDeferred': {
      const { nextAttemptAt, error, heldSince } = event.data;
      const held = heldSince === undefined ? null : 'yes';
      return { ...document, status: 'pending', nextAttemptAt, lastError: withoutServers(error), ...waiting(recorded), held };
    }
    case 'NotificationReleased':
      return { ...document, ...waiting(recorded), nextAttemptAt: null, held: null };
    case 'NotificationAttemptUnknown': {
      const { attempt, error } = event.data;
      return {
        ...document,
        status: 'pending',
        unknownAttempts: [...document.unknownAttempts, attempt],
        lastError: error === undefined ? document.lastError : withoutServers(error),
      };
    }
    case 'NotificationFailed':
      return {
        ...document,
        status: 'failed',
        nextAttemptAt: null,
        lastError: withoutServers(event.data.error),
        ...died(time, isUnsure(document) ? 'unknown' : 'failed'),
      };
    case 'NotificationHeld':
      return { ...document, status: 'unknown', nextAttemptAt: null, ...died(time, 'unknown') };
    default:
      return byOthers(document, event, recorded);
  }
}

type OfWorkers =
  | 'NotificationProcessing'
  | 'NotificationSent'
  | 'NotificationDeferred'
  | 'NotificationReleased'
  | 'NotificationAttemptUnknown'
  | 'NotificationFailed'
  | 'NotificationHeld';

function byOthers(document: NotificationDocument, event: Exclude<Later, { type: OfWorkers }>, recorded: RecordedEvent): NotificationDocument {
  switch (event.type) {
    case 'NotificationReported':
      return reported(document, event.data, recorded.time);
    case 'NotificationCancelled':
      return { ...document, status: 'cancelled', nextAttemptAt: null, due: null, held: null, lastError: event.data.reason ?? document.lastError };
    case 'NotificationRetried': {
      const { recipient } = event.data;
      return {
        ...document,
        status: 'pending',
        recipient: userOf(recipient),
        recipientId: recipient.userId ?? '',
        ...waiting(recorded),
        dead: false,
        deadAt: null,
        fate: null,
      };
    }
    case 'NotificationDiscarded':
      return { ...document, ...alive };
    case 'NotificationRead':
      return { ...document, read: event.data.read, ...inInbox(document, event.data.read ? 'read' : 'unread') };
    default:
      event satisfies never;
      return document;
  }
}

function reported(document: NotificationDocument, data: EventOf<'NotificationReported'>['data'], time: string): NotificationDocument {
  if (data.delivered) return { ...document, status: 'sent', nextAttemptAt: null, lastError: null, ...alive };
  // A notification of unknown fate that is no dead letter was discarded.
  const isGivenUp = document.status === 'unknown' && !document.dead;
  return { ...document, status: 'failed', lastError: data.error ?? data.status, ...(isGivenUp ? alive : died(time, 'failed')) };
}

/** The fields after a message was sent. An item of the inbox is sent with its request, which counts as its attempt. */
function ofSent(document: NotificationDocument, { attempt }: { attempt: number }, time: string): Partial<NotificationDocument> {
  const attempts = Math.max(document.attempts, attempt);
  return document.channel === 'in-app' ? { attempts, inbox: document.read ? 'read' : 'unread', arrivedAt: time } : { attempts };
}

/** True where the last attempt may have sent the message. */
const isUnsure = ({ attempts, unknownAttempts }: NotificationDocument) => unknownAttempts.at(-1) === attempts && attempts > 0;

const alive = { dead: false, deadAt: null, fate: null, due: null };
const died = (time: string, fate: 'failed' | 'unknown') => ({ dead: true, deadAt: time, fate, due: null });

function inInbox({ arrivedAt }: NotificationDocument, inbox: 'read' | 'unread'): { inbox?: 'read' | 'unread' } {
  return arrivedAt === null ? {} : { inbox };
}

export const notifications = projector<NotificationDocument>({
  model: {
    name: 'notifications',
    version: 5,
    fields: {
      ...{ recipientId: 'text', status: 'text', channel: 'text', kind: 'text', createdAt: 'text' },
      ...{ due: 'text', waits: 'text', inbox: 'text', arrivedAt: 'text', deadAt: 'text', fate: 'text', held: 'text' },
    },
    indexes: [
      ['recipientId', 'createdAt'],
      ['recipientId', 'inbox', 'arrivedAt'],
      ['recipientId', 'arrivedAt'],
      ['createdAt'],
      ['channel', 'waits', 'due'],
      ['deadAt'],
      ['recipientId', 'held'],
    ],
  },
  events: [
    'NotificationRequested',
    'NotificationProcessing',
    'NotificationSent',
    'NotificationDeferred',
    'NotificationReleased',
    'NotificationAttemptUnknown',
    'NotificationFailed',
    'NotificationHeld',
    'NotificationReported',
    'NotificationCancelled',
    'NotificationRetried',
    'NotificationDiscarded',
    'NotificationRead',
  ],
  key: byStream,
  evolve,
});
