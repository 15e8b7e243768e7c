/** What the dispatcher needs to know of notifications. */
import type { RecordedEvent } from '../contracts/message.ts';
import type { Channel, NotificationEvent } from '../contracts/notification.ts';
import { type NotificationDocument, notifications } from '../projections/projectors/notifications.ts';
import type { ReadModels } from '../projections/read-models/read-models.ts';
import { EMAIL_NOTIFICATIONS, NOTIFICATIONS, type WorkQueue } from '../write-side/event-bus/queues.ts';
import type { Dispatching, Item } from '../write-side/workers/dispatch.ts';

/** Channels that are worked by queues; in-app needs no worker. */
const QUEUES: Partial<Record<Channel, WorkQueue>> = { email: EMAIL_NOTIFICATIONS };

const REACHED_WITHIN = 2_000;

/** Notifications as items to dispatch, undecided ones from the read model `notifications`. */
export function notificationDispatching(readModels: ReadModels): Dispatching {
  const { model } = notifications;
  return {
    name: 'notification_dispatcher',
    queue: NOTIFICATIONS,
    read,
    undecided: async (limit, after) => {
      if (after !== null && !(await readModels.reached(model, after, REACHED_WITHIN))) return null;
      const state = await readModels.state(model);
      if (!state || state.version !== model.version) return null;
      const found = await readModels.find(model, state.generation, {
        where: [{ field: 'due', op: 'gt', value: '' }],
        sort: [{ field: 'due', descending: false }],
        limit,
      });
      const items = found.flatMap(({ id, document }) => itemOf(id, document as unknown as NotificationDocument));
      return { items, checkpoint: state.checkpoint };
    },
  };
}

function itemOf(id: string, { channel, due }: NotificationDocument): Item[] {
  const queue = QUEUES[channel];
  return queue && due ? [{ stream: `notification-${id}`, queue, due }] : [];
}

function read(recorded: RecordedEvent): ReturnType<Dispatching['read']> {
  const event = recorded as RecordedEvent & NotificationEvent;
  switch (event.type) {
    case 'NotificationRequested': {
      const queue = QUEUES[event.data.channel];
      return queue && { due: event.data.sendAt ?? event.time, queue };
    }
    case 'NotificationProcessing':
      return { due: event.data.until };
    case 'NotificationDeferred':
      return { due: event.data.nextAttemptAt };
    case 'NotificationRetried': {
      const queue = QUEUES[event.data.channel];
      return queue && { due: event.time, queue };
    }
    case 'NotificationSent':
    case 'NotificationFailed':
    case 'NotificationHeld':
    case 'NotificationCancelled':
      return 'decided';
    default:
      return undefined;
  }
}
