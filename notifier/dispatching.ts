/** The description of notifications for the dispatchers: which events make one due or decided, and which are undecided. */
import { isKnown } from '../contracts/catalog.ts';
import type { RecordedEvent } from '../contracts/message.ts';
import type { NotificationEvent } from '../contracts/notification.ts';
import type { Channel } from '../contracts/notifications/kind.ts';
import { type FollowerQueue, followerQueue, type WorkQueue, workQueue } from '../platform/event-bus/queues.ts';
import type { FollowerRow } from '../platform/followers/follow.ts';
import type { Condition, ReadModels } from '../platform/read-models/read-models.ts';
import type { Dispatching } from '../platform/work/dispatch.ts';
import { dueOf } from '../platform/work/due.ts';
import { notifications, WAITS } from '../projections/projectors/notifications.ts';
import { undecidedIn } from '../projections/undecided.ts';
import { QUEUE_OF } from './channels.ts';

/** The rows of the dispatchers: one a channel, each with its own window, so that a channel that cannot send takes no room from another. */
export const DISPATCHERS: Readonly<Record<Channel, FollowerRow>> = {
  email: { name: 'notification_dispatcher', queue: requestedOn('notifications', 'offers of requested mails') },
  sms: { name: 'sms_dispatcher', queue: requestedOn('requested_sms', 'offers of requested SMS') },
  'in-app': { name: 'inbox_dispatcher', queue: requestedOn('requested_in_app', 'notifications of the inbox for later, when their time has come') },
};

function requestedOn(name: string, purpose: string): FollowerQueue {
  return followerQueue(name, { pattern: 'notification.#', purpose });
}

/** The queues of offers. The inbox's dispatcher hands its offers to its own process, so that its queue is only a label. */
const QUEUES: Readonly<Record<Channel, WorkQueue>> = { ...QUEUE_OF, 'in-app': workQueue('in-app', { purpose: 'the inbox' }) };

/** The notifications of a channel as items to dispatch; undecided ones come from the read model `notifications`. */
export function notificationDispatching(channel: Channel, readModels: ReadModels): Dispatching {
  const queue = QUEUES[channel];
  const undecided = undecidedIn(
    readModels,
    notifications,
    WAITS.map((waits) => [equal('channel', channel), equal('waits', waits)]),
  );
  return {
    ...DISPATCHERS[channel],
    read: (event) => read(event, channel),
    undecided: async (limit, after) => {
      const found = await undecided(limit, after);
      return (
        found && { ...found, items: found.items.map(({ id, due, within, leased }) => ({ stream: `notification-${id}`, queue, due, within, leased })) }
      );
    },
  };
}

const equal = (field: string, value: string): Condition => ({ field, op: 'eq', value });

function read(recorded: RecordedEvent, channel: Channel): ReturnType<Dispatching['read']> {
  if (!isKnown(recorded)) return undefined;
  const event = recorded as RecordedEvent & NotificationEvent;
  const queue = QUEUES[channel];
  switch (event.type) {
    case 'NotificationRequested':
      return isOf(channel, event.data) ? { ...dueOf(event), queue } : undefined;
    case 'NotificationReleased':
    case 'NotificationRetried':
      return event.data.channel === channel ? { ...dueOf(event), queue } : undefined;
    // These events do not name their channel: they change only items that the dispatcher's window has already.
    case 'NotificationProcessing':
    case 'NotificationDeferred':
      return dueOf(event);
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

/** True for a request that this channel's dispatcher offers. An item that goes into the inbox at once was recorded as sent with its request. */
function isOf(channel: Channel, data: { channel: Channel; sendAt?: string | undefined }): boolean {
  return data.channel === channel && (channel !== 'in-app' || data.sendAt !== undefined);
}
