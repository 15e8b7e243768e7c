/** For tests: a queue of each sort, and the table of these queues. */
import { type FollowerQueue, followerQueue, type QueueTable, type WorkQueue, workQueue } from './queues.ts';

/** A queue of all events. */
export const EVERYTHING: FollowerQueue = followerQueue('everything', { pattern: '#', purpose: 'tests of all events' });
/** A queue of the events of notifications, by their routing key. */
export const NOTIFIED: FollowerQueue = followerQueue('notified', { pattern: 'notification.#', purpose: 'tests of notifications' });
/** A queue without a name, of the events of tasks. */
export const TASK_EVENTS: FollowerQueue = { ...followerQueue('task_events', { category: 'task', purpose: 'tests of tasks' }), name: null };
/** A work queue of ten offers; a failed offer comes again twice. */
export const OFFERS: WorkQueue = { ...workQueue('tests', { purpose: 'offers of tests' }), limit: 10, deliveryLimit: 3 };

export const EXAMPLE_QUEUES: QueueTable = [EVERYTHING, NOTIFIED, TASK_EVENTS, OFFERS];
