/** The queues: one table for both implementations of the bus. */

/** A queue that a follower consumes: bounded, drops at the head (a drop is a gap, and a gap is read from the store). */
export interface FollowerQueue {
  kind: 'follower';
  /** Without a name: exclusive to its consumer, named by the server, gone with it. */
  name: string | null;
  /** Exchange it is bound to: `events`, or a category's fanout as `task_events`. */
  exchange: 'events' | `${string}_events`;
  /** Topic pattern on `events` (`*` one word, `#` any number of words); a fanout needs none. */
  pattern: string;
  /**
   * Several processes may follow, one at a time does: the one that holds the exclusive queue of this name (it begins with `_`).
   * null: each process follows, with a queue of its own.
   */
  activeHold: `_${string}` | null;
  /** Messages it holds at most. */
  limit: number;
}

/** A queue that competing workers consume; bounded because the dispatcher keeps at most so many offers out. */
export interface WorkQueue {
  kind: 'work';
  name: string;
  limit: number;
  /** Deliveries of one offer before it goes to `<name>.dead`. */
  deliveryLimit: number;
}

const LIMIT = 10_000;

/** Read models and caches. */
export const PROJECTIONS: FollowerQueue = {
  kind: 'follower',
  name: 'projections',
  exchange: 'events',
  pattern: '#',
  activeHold: '_projections',
  limit: LIMIT,
};
/** Mail to a task's user: exclusive, one event at a time, in order. */
export const TASK_EVENTS: FollowerQueue = {
  kind: 'follower',
  name: null,
  exchange: 'task_events',
  pattern: '',
  activeHold: '_task_events',
  limit: LIMIT,
};
/** Confirmation mail. */
export const USER_REGISTRATION: FollowerQueue = {
  kind: 'follower',
  name: 'user_registration',
  exchange: 'user_events',
  pattern: '',
  activeHold: '_user_registration',
  limit: LIMIT,
};
/** Offers of requested mails. */
export const NOTIFICATIONS: FollowerQueue = {
  kind: 'follower',
  name: 'notifications',
  exchange: 'events',
  pattern: 'notification.#',
  activeHold: '_notifications',
  limit: LIMIT,
};
/** Offers of requested SMS: by a dispatcher of their own, so that no crowd of mails that cannot be sent is before them. */
export const REQUESTED_SMS: FollowerQueue = {
  kind: 'follower',
  name: 'requested_sms',
  exchange: 'events',
  pattern: 'notification.#',
  activeHold: '_requested_sms',
  limit: LIMIT,
};
/** In-app notifications for later: they need no worker, and come into the inbox when their time has come. */
export const REQUESTED_IN_APP: FollowerQueue = {
  kind: 'follower',
  name: 'requested_in_app',
  exchange: 'events',
  pattern: 'notification.#',
  activeHold: '_requested_in_app',
  limit: LIMIT,
};
/** Offers of placed orders. */
export const PLACED_ORDERS: FollowerQueue = {
  kind: 'follower',
  name: 'placed_orders',
  exchange: 'order_events',
  pattern: '',
  activeHold: '_placed_orders',
  limit: LIMIT,
};
/** Mail to whoever placed an order. */
export const ORDER_OUTCOMES: FollowerQueue = {
  kind: 'follower',
  name: 'order_outcomes',
  exchange: 'order_events',
  pattern: '',
  activeHold: '_order_outcomes',
  limit: LIMIT,
};
/** Due times of tasks, for the scheduler. */
export const SCHEDULER: FollowerQueue = {
  kind: 'follower',
  name: 'scheduler',
  exchange: 'task_events',
  pattern: '',
  activeHold: '_scheduler',
  limit: LIMIT,
};
/** What is told of deadlines. */
export const TIMERS: FollowerQueue = {
  kind: 'follower',
  name: 'timers',
  exchange: 'timer_events',
  pattern: '',
  activeHold: '_timers',
  limit: LIMIT,
};
/** One for each realtime process. */
export const REALTIME: FollowerQueue = { kind: 'follower', name: null, exchange: 'events', pattern: '#', activeHold: null, limit: LIMIT };

export const EMAIL_NOTIFICATIONS: WorkQueue = { kind: 'work', name: 'email_notifications', limit: 1_000, deliveryLimit: 20 };
export const SMS_NOTIFICATIONS: WorkQueue = { kind: 'work', name: 'sms_notifications', limit: 1_000, deliveryLimit: 20 };
export const ORDERS: WorkQueue = { kind: 'work', name: 'orders', limit: 1_000, deliveryLimit: 20 };

/** The table. */
export const ALL_QUEUES: readonly (FollowerQueue | WorkQueue)[] = [
  PROJECTIONS,
  TASK_EVENTS,
  USER_REGISTRATION,
  NOTIFICATIONS,
  REQUESTED_SMS,
  REQUESTED_IN_APP,
  PLACED_ORDERS,
  ORDER_OUTCOMES,
  SCHEDULER,
  TIMERS,
  REALTIME,
  EMAIL_NOTIFICATIONS,
  SMS_NOTIFICATIONS,
  ORDERS,
];

/** True where a message of this category and routing key goes to this queue. */
export function receives(queue: FollowerQueue, category: string, key: string): boolean {
  return queue.exchange === 'events' ? matches(queue.pattern, key) : queue.exchange === `${category}_events`;
}

/** AMQP 0-9-1 topic matching: `*` is one word, `#` none or more. */
export function matches(pattern: string, key: string): boolean {
  return matchWords(pattern.split('.'), key.split('.'));
}

function matchWords(pattern: string[], words: string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return words.length === 0;
  if (first === '#') return matchWords(rest, words) || (words.length > 0 && matchWords(pattern, words.slice(1)));
  return words.length > 0 && (first === '*' || first === words[0]) && matchWords(rest, words.slice(1));
}
