/** Read model `notifications`: what was to be told to whom, and how that went. */
import type { RecordedEvent } from '../../contracts/message.ts';
import type { NotificationEvent, NotificationView } from '../../contracts/notification.ts';
import { beginning, byStream, existing, type Folded, projector } from '../projector.ts';

/** A notification as it is stored. */
export type NotificationDocument = Omit<NotificationView, 'id'> & {
  /** Whom it is for. */
  recipientId: string;
  /** Where it is one's inbox; null: not there. */
  inbox: 'read' | 'unread' | null;
  /** When it came there; null: not there. */
  arrivedAt: string | null;
  /** When it failed or its fate became unknown, until an operator has it tried again or gives it up; null: it did not. */
  deadAt: string | null;
  /** As what it is a dead letter: it failed, or nobody knows whether its last attempt did; null: it is none. */
  fate: 'failed' | 'unknown' | null;
  /** When somebody has to look at it again: at once, at its next attempt, when its lease ends; null: never. */
  due: string | null;
};

type EventOf<T extends NotificationEvent['type']> = Extract<NotificationEvent, { type: T }>;

function evolve(document: Folded<NotificationDocument>, recorded: RecordedEvent): NotificationDocument {
  const event = recorded as RecordedEvent & NotificationEvent;
  if (event.type === 'NotificationRequested') {
    beginning(document, recorded);
    return requested(recorded, event.data);
  }
  return { ...changed(existing(document, recorded), event, recorded), updatedAt: recorded.time, revision: recorded.revision };
}

function requested({ time, revision }: RecordedEvent, data: EventOf<'NotificationRequested'>['data']): NotificationDocument {
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
    // Personal: only in the document of the person it is for.
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
    due: isInbox && !sendAt ? null : (sendAt ?? time),
  };
}

function userOf({ userId }: { userId?: string | undefined }): { userId?: string } {
  return userId ? { userId } : {};
}

type Later = Exclude<NotificationEvent, EventOf<'NotificationRequested'>>;

function changed(document: NotificationDocument, event: Later, { time }: RecordedEvent): NotificationDocument {
  switch (event.type) {
    case 'NotificationProcessing':
      return { ...document, status: 'processing', attempts: event.data.attempt, nextAttemptAt: null, due: event.data.until };
    case 'NotificationSent':
      return { ...document, ...ofSent(document, event.data, time), status: 'sent', nextAttemptAt: null, due: null, lastError: null };
    case 'NotificationDeferred': {
      const { nextAttemptAt, error } = event.data;
      return { ...document, status: 'pending', nextAttemptAt, lastError: error, due: nextAttemptAt };
    }
    case 'NotificationAttemptUnknown': {
      const { attempt, error = null } = event.data;
      return { ...document, status: 'pending', unknownAttempts: [...document.unknownAttempts, attempt], lastError: error ?? document.lastError };
    }
    case 'NotificationFailed':
      return {
        ...document,
        status: 'failed',
        nextAttemptAt: null,
        lastError: event.data.error,
        ...died(time, isUnsure(document) ? 'unknown' : 'failed'),
      };
    case 'NotificationHeld':
      return { ...document, status: 'unknown', nextAttemptAt: null, ...died(time, 'unknown') };
    default:
      return byOthers(document, event, time);
  }
}

type OfWorkers =
  | 'NotificationProcessing'
  | 'NotificationSent'
  | 'NotificationDeferred'
  | 'NotificationAttemptUnknown'
  | 'NotificationFailed'
  | 'NotificationHeld';

function byOthers(document: NotificationDocument, event: Exclude<Later, { type: OfWorkers }>, time: string): NotificationDocument {
  switch (event.type) {
    case 'NotificationReported':
      return reported(document, event.data, time);
    case 'NotificationCancelled':
      return { ...document, status: 'cancelled', nextAttemptAt: null, due: null, lastError: event.data.reason ?? document.lastError };
    case 'NotificationRetried': {
      const { recipient } = event.data;
      return {
        ...document,
        status: 'pending',
        recipient: userOf(recipient),
        recipientId: recipient.userId ?? '',
        due: time,
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
      return event satisfies never;
  }
}

function reported(document: NotificationDocument, data: EventOf<'NotificationReported'>['data'], time: string): NotificationDocument {
  if (data.delivered) return { ...document, status: 'sent', nextAttemptAt: null, lastError: null, ...alive };
  // What was unknown and is no dead letter was given up.
  const isGivenUp = document.status === 'unknown' && !document.dead;
  return { ...document, status: 'failed', lastError: data.error ?? data.status, ...(isGivenUp ? alive : died(time, 'failed')) };
}

/** What is in the inbox at once had its one attempt with it. */
function ofSent(document: NotificationDocument, { attempt }: { attempt: number }, time: string): Partial<NotificationDocument> {
  const attempts = Math.max(document.attempts, attempt);
  return document.channel === 'in-app' ? { attempts, inbox: document.read ? 'read' : 'unread', arrivedAt: time } : { attempts };
}

/** Whether the last attempt may have sent it. */
const isUnsure = ({ attempts, unknownAttempts }: NotificationDocument) => unknownAttempts.at(-1) === attempts && attempts > 0;

const alive = { dead: false, deadAt: null, fate: null, due: null };
const died = (time: string, fate: 'failed' | 'unknown') => ({ dead: true, deadAt: time, fate, due: null });

function inInbox({ arrivedAt }: NotificationDocument, inbox: 'read' | 'unread'): { inbox?: 'read' | 'unread' } {
  return arrivedAt === null ? {} : { inbox };
}

export const notifications = projector<NotificationDocument>({
  model: {
    name: 'notifications',
    version: 3,
    fields: {
      ...{ recipientId: 'text', status: 'text', channel: 'text', kind: 'text', createdAt: 'text' },
      ...{ due: 'text', inbox: 'text', arrivedAt: 'text', deadAt: 'text', fate: 'text' },
    },
    indexes: [
      ['recipientId', 'createdAt'],
      ['recipientId', 'inbox', 'arrivedAt'],
      ['recipientId', 'arrivedAt'],
      ['createdAt'],
      ['channel', 'due'],
      ['deadAt'],
    ],
  },
  events: [
    'NotificationRequested',
    'NotificationProcessing',
    'NotificationSent',
    'NotificationDeferred',
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
