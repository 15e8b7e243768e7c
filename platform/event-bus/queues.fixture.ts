/** For tests: a queue of each sort, and the table of them. */
import { type FollowerQueue, followerQueue, type QueueTable, type WorkQueue, workQueue } from './queues.ts';

/** All events. */
export const EVERYTHING: FollowerQueue = followerQueue('everything', { pattern: '#', purpose: 'tests of all events' });
/** Events of notifications, by their routing key. */
export const NOTIFIED: FollowerQueue = followerQueue('notified', { pattern: 'notification.#', purpose: 'tests of notifications' });
/** Events of tasks, on a queue without a name. */
export const TASK_EVENTS: FollowerQueue = { ...followerQueue('task_events', { category: 'task', purpose: 'tests of tasks' }), name: null };
/** Offers; a failed one comes again twice. */
export const OFFERS: WorkQueue = { ...workQueue('tests', { purpose: 'offers of tests' }), limit: 10, deliveryLimit: 3 };

export const EXAMPLE_QUEUES: QueueTable = [EVERYTHING, NOTIFIED, TASK_EVENTS, OFFERS];
