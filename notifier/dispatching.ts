/** What the dispatcher of a channel needs to know of notifications. */
import type { RecordedEvent } from '../contracts/message.ts';
import type { NotificationEvent } from '../contracts/notification.ts';
import { notifications } from '../projections/projectors/notifications.ts';
import type { ReadModels } from '../projections/read-models/read-models.ts';
import { undecidedIn } from '../projections/read-models/undecided.ts';
import { type FollowerQueue, NOTIFICATIONS, REQUESTED_SMS } from '../write-side/event-bus/queues.ts';
import type { Dispatching } from '../write-side/workers/dispatch.ts';
import { type DeliveredChannel, QUEUE_OF } from './channels.ts';

/** One dispatcher a channel, each with a window of its own: what cannot be sent on one takes no room from another. */
const DISPATCHERS: Readonly<Record<DeliveredChannel, { name: string; queue: FollowerQueue }>> = {
  email: { name: 'notification_dispatcher', queue: NOTIFICATIONS },
  sms: { name: 'sms_dispatcher', queue: REQUESTED_SMS },
};

/** A channel's notifications as items to dispatch, undecided ones from the read model `notifications`. */
export function notificationDispatching(channel: DeliveredChannel, readModels: ReadModels): Dispatching {
  const queue = QUEUE_OF[channel];
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

function read(recorded: RecordedEvent, channel: DeliveredChannel): ReturnType<Dispatching['read']> {
  const event = recorded as RecordedEvent & NotificationEvent;
  const queue = QUEUE_OF[channel];
  switch (event.type) {
    case 'NotificationRequested':
      return event.data.channel === channel ? { due: event.data.sendAt ?? event.time, queue } : undefined;
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
