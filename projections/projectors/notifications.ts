/** Read model `notifications`: what was to be told to whom, and how that went. */
import type { RecordedEvent } from '../../contracts/message.ts';
import type { NotificationEvent, NotificationView } from '../../contracts/notification.ts';
import { beginning, byStream, existing, type Folded, projector } from '../projector.ts';

/** A notification as it is stored. */
export type NotificationDocument = Omit<NotificationView, 'id'> & {
  /** Whom it is for. */
  recipientId: string;
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
  return { ...changed(existing(document, recorded), event), updatedAt: recorded.time, revision: recorded.revision };
}

function requested({ time, revision }: RecordedEvent, data: EventOf<'NotificationRequested'>['data']): NotificationDocument {
  const { channel, kind, recipient, about } = data;
  return {
    channel,
    kind,
    recipient,
    about,
    status: 'pending',
    attempts: 0,
    unknownAttempts: [],
    nextAttemptAt: null,
    lastError: null,
    createdAt: time,
    updatedAt: time,
    revision,
    recipientId: recipient.userId,
    due: time,
  };
}

function changed(document: NotificationDocument, event: Exclude<NotificationEvent, EventOf<'NotificationRequested'>>): NotificationDocument {
  const { data } = event;
  switch (event.type) {
    case 'NotificationProcessing':
      return { ...document, status: 'processing', attempts: data.attempt, nextAttemptAt: null, due: event.data.until };
    case 'NotificationSent':
      return { ...document, status: 'sent', nextAttemptAt: null, due: null, lastError: null };
    case 'NotificationDeferred':
      return { ...document, status: 'pending', nextAttemptAt: event.data.nextAttemptAt, lastError: event.data.error, due: event.data.nextAttemptAt };
    case 'NotificationAttemptUnknown':
      return { ...document, status: 'pending', unknownAttempts: [...document.unknownAttempts, data.attempt] };
    case 'NotificationFailed':
      return { ...document, status: 'failed', nextAttemptAt: null, due: null, lastError: event.data.error };
    default:
      return event satisfies never;
  }
}

export const notifications = projector<NotificationDocument>({
  model: {
    name: 'notifications',
    version: 1,
    fields: { recipientId: 'text', status: 'text', createdAt: 'text', due: 'text' },
    indexes: [['recipientId', 'createdAt'], ['createdAt'], ['due']],
  },
  events: [
    'NotificationRequested',
    'NotificationProcessing',
    'NotificationSent',
    'NotificationDeferred',
    'NotificationAttemptUnknown',
    'NotificationFailed',
  ],
  key: byStream,
  evolve,
});
