/** The consumers of the bus, part by part, as rows of the sides. The bus's table of queues and all lists of followers follow from them. */

import { MEDIA_FOLLOWERS, MEDIA_WORK } from '../media/start.ts';
import { QUEUE_OF } from '../notifier/channels.ts';
import { FOLLOWERS as NOTIFIER_FOLLOWERS } from '../notifier/notifier.ts';
import type { QueueTable, WorkQueue } from '../platform/event-bus/queues.ts';
import type { FollowerRow } from '../platform/followers/follow.ts';
import { PROJECTIONS } from '../projections/project.ts';
import { REALTIME } from '../realtime/push.ts';
import { CLOSING_REPAIRS } from '../write-side/workers/close-repairs.ts';
import { ERASURES } from '../write-side/workers/erasures.ts';
import { ORDER_DISPATCHER, ORDERS } from '../write-side/workers/order-rows.ts';
import { REPAIR_TASKS } from '../write-side/workers/repair-tasks.ts';
import { SCHEDULER } from '../write-side/workers/scheduler.ts';
import { UNASSIGNERS } from '../write-side/workers/unassign.ts';
import type { Part } from './parts.ts';

/** The queues and followers of a part. */
export interface Consumed {
  /** The part's followers that hear of events from the bus, each with its queue. */
  followers: readonly FollowerRow[];
  /** The queues that the part's workers compete for. */
  work: readonly WorkQueue[];
}

const NOTHING: Consumed = { followers: [], work: [] };

/** The queues and followers of each part. (The forwarder publishes, and reads the store itself.) */
export const CONSUMED: Readonly<Record<Part, Consumed>> = {
  'write-side': NOTHING,
  forwarder: NOTHING,
  projections: { followers: [PROJECTIONS], work: [] },
  workers: { followers: [ORDER_DISPATCHER, SCHEDULER, CLOSING_REPAIRS, ...REPAIR_TASKS, ...UNASSIGNERS, ERASURES], work: [ORDERS] },
  notifier: { followers: NOTIFIER_FOLLOWERS, work: Object.values(QUEUE_OF) },
  media: { followers: MEDIA_FOLLOWERS, work: MEDIA_WORK },
  'read-side': NOTHING,
  realtime: { followers: [REALTIME], work: [] },
  gateway: NOTHING,
};

const ALL = Object.values(CONSUMED);

/** The table that the bus is opened with: the same in every process, so that each can tell the state of all queues. */
export const QUEUES: QueueTable = [...ALL.flatMap(({ followers }) => followers.map(({ queue }) => queue)), ...ALL.flatMap(({ work }) => work)];
