/** What the dispatcher of a channel needs to know of notifications. */
import type { RecordedEvent } from '../contracts/message.ts';
import type { NotificationEvent } from '../contracts/notification.ts';
import type { Channel } from '../contracts/notifications/kind.ts';
import { type FollowerQueue, followerQueue, type WorkQueue, workQueue } from '../platform/event-bus/queues.ts';
import type { FollowerRow } from '../platform/followers/follow.ts';
import type { ReadModels } from '../platform/read-models/read-models.ts';
import type { Dispatching } from '../platform/work/dispatch.ts';
import { notifications } from '../projections/projectors/notifications.ts';
import { undecidedIn } from '../projections/undecided.ts';
import { QUEUE_OF } from './channels.ts';

/** One dispatcher a channel, each with a window of its own: what cannot be sent on one takes no room from another. */
export const DISPATCHERS: Readonly<Record<Channel, FollowerRow>> = {
  email: { name: 'notification_dispatcher', queue: requestedOn('notifications', 'offers of requested mails') },
  sms: { name: 'sms_dispatcher', queue: requestedOn('requested_sms', 'offers of requested SMS') },
  'in-app': { name: 'inbox_dispatcher', queue: requestedOn('requested_in_app', 'notifications of the inbox for later, when their time has come') },
};

function requestedOn(name: string, purpose: string): FollowerQueue {
  return followerQueue(name, { pattern: 'notification.#', purpose });
}

/** The inbox has no queue of offers: its dispatcher hands them to itself, and this is only their label. */
const QUEUES: Readonly<Record<Channel, WorkQueue>> = { ...QUEUE_OF, 'in-app': workQueue('in-app', { purpose: 'the inbox' }) };

/** A channel's notifications as items to dispatch, undecided ones from the read model `notifications`. */
export function notificationDispatching(channel: Channel, readModels: ReadModels): Dispatching {
  const queue = QUEUES[channel];
  const undecided = undecidedIn(readModels, notifications, [{ field: 'channel', op: 'eq', value: channel }]);
  return {
    ...DISPATCHERS[channel],
    read: (event) => read(event, channel),
    undecided: async (limit, after) => {
      const found = await undecided(limit, after);
      return found && { ...found, items: found.items.map(({ id, due }) => ({ stream: `notification-${id}`, queue, due })) };
    },
  };
}

function read(recorded: RecordedEvent, channel: Channel): ReturnType<Dispatching['read']> {
  const event = recorded as RecordedEvent & NotificationEvent;
  const queue = QUEUES[channel];
  switch (event.type) {
    case 'NotificationRequested':
      return isOf(channel, event.data) ? { due: event.data.sendAt ?? event.time, queue } : undefined;
    case 'NotificationRetried':
      return event.data.channel === channel ? { due: event.time, queue } : undefined;
    // Of which channel these are nobody says: the window knows.
    case 'NotificationProcessing':
      return { due: event.data.until };
    case 'NotificationDeferred':
      return { due: event.data.nextAttemptAt };
    case 'NotificationSent':
    case 'NotificationFailed':
    case 'NotificationHeld':
    case 'NotificationReported':
    case 'NotificationCancelled':
      return 'decided';
    default:
      return undefined;
  }
}

/** What comes into the inbox at once was recorded as sent with its request. */
function isOf(channel: Channel, data: { channel: Channel; sendAt?: string | undefined }): boolean {
  return data.channel === channel && (channel !== 'in-app' || data.sendAt !== undefined);
}
