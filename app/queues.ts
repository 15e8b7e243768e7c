/** Who consumes what: the rows of the sides, part by part. From these follow the table that the bus is opened with, and every list of followers. */

import { QUEUE_OF } from '../notifier/channels.ts';
import { FOLLOWERS as NOTIFIER_FOLLOWERS } from '../notifier/notifier.ts';
import type { QueueTable, WorkQueue } from '../platform/event-bus/queues.ts';
import type { FollowerRow } from '../platform/followers/follow.ts';
import { PROJECTIONS } from '../projections/project.ts';
import { REALTIME } from '../realtime/push.ts';
import { ORDER_DISPATCHER, ORDERS } from '../write-side/workers/orders.ts';
import { SCHEDULER } from '../write-side/workers/scheduler.ts';
import type { Part } from './parts.ts';

/** What a part consumes. */
export interface Consumed {
  /** Its followers that hear of events from the bus, each with its queue. */
  followers: readonly FollowerRow[];
  /** Queues that its workers compete for. */
  work: readonly WorkQueue[];
}

const NOTHING: Consumed = { followers: [], work: [] };

/** What each part consumes. (The forwarder publishes, and reads the store itself.) */
export const CONSUMED: Readonly<Record<Part, Consumed>> = {
  'write-side': NOTHING,
  forwarder: NOTHING,
  projections: { followers: [PROJECTIONS], work: [] },
  workers: { followers: [ORDER_DISPATCHER, SCHEDULER], work: [ORDERS] },
  notifier: { followers: NOTIFIER_FOLLOWERS, work: Object.values(QUEUE_OF) },
  'read-side': NOTHING,
  realtime: { followers: [REALTIME], work: [] },
  gateway: NOTHING,
};

const ALL = Object.values(CONSUMED);

/** The table that the bus is opened with, in every process the same: each can tell the state of all. */
export const QUEUES: QueueTable = [...ALL.flatMap(({ followers }) => followers.map(({ queue }) => queue)), ...ALL.flatMap(({ work }) => work)];
