/**
 * Queues as rows. Whoever consumes a queue declares its row, and the bus is opened with the table of all rows:
 *
 *     const VISITS = followerQueue('visits', { category: 'visit', purpose: 'mail to the host of a visit' });
 *     const bus = await openEventBus('memory:', { queues: [VISITS], log });
 */
import type { Category } from '../../contracts/catalog.ts';

/** The row of a queue that a follower consumes: bounded, drops at the head (a drop is a gap, and a gap is read from the store). */
export interface FollowerQueue {
  kind: 'follower';
  /** The queue's name; null for a queue that the server names, exclusive to its consumer and gone with it. */
  name: string | null;
  /** The follower's use of the events, in a few words for operators, as `mail to the host of a visit`. */
  purpose: string;
  /** The exchange that feeds the queue: `events`, or a category's fanout as `task_events`. */
  exchange: 'events' | `${string}_events`;
  /** Topic pattern on `events` (`*` one word, `#` any number of words); a fanout needs none. */
  pattern: string;
  /**
   * The hold by which one of several processes follows: the process that has the exclusive queue of this name (it begins with `_`).
   * Null: each process follows, with a queue of its own.
   */
  activeHold: `_${string}` | null;
  /** Messages that the queue holds at most. */
  limit: number;
}

/** The row of a queue that competing workers consume; bounded because the dispatcher keeps at most so many offers out. */
export interface WorkQueue {
  kind: 'work';
  name: string;
  /** The work that is offered, in a few words for operators. */
  purpose: string;
  limit: number;
  /** Deliveries of one offer before it goes to `<name>.dead`. */
  deliveryLimit: number;
}

/** All queues of an installation, as the bus is given them when it is opened. */
export type QueueTable = readonly (FollowerQueue | WorkQueue)[];

/** The events that a queue gets: all of a category, or those whose routing key matches a topic pattern. */
export type Gets = { category: Category } | { pattern: string };

/** The row of a follower's queue that has a name: of several processes the one that holds `_<name>` follows. It holds up to 10,000 messages. */
export function followerQueue(name: string, { purpose, ...gets }: Gets & { purpose: string }): FollowerQueue {
  const source = 'category' in gets ? { exchange: fanoutOf(gets.category), pattern: '' } : { exchange: 'events' as const, pattern: gets.pattern };
  return { kind: 'follower', name, purpose, ...source, activeHold: `_${name}`, limit: 10_000 };
}

/** The row of a work queue: up to 1,000 offers, up to 20 deliveries of each. */
export function workQueue(name: string, { purpose }: { purpose: string }): WorkQueue {
  return { kind: 'work', name, purpose, limit: 1_000, deliveryLimit: 20 };
}

/** A category's fanout exchange: `task` → `task_events`. */
export function fanoutOf(category: string): `${string}_events` {
  return `${category}_events`;
}

/** The category of a queue that gets every event of just one category; undefined for any other queue. */
export function onlyCategoryOf({ exchange, pattern }: FollowerQueue): string | undefined {
  return exchange === 'events' ? /^([^.*#]+)\.#$/.exec(pattern)?.[1] : exchange.slice(0, -fanoutOf('').length);
}

/** True where a message of this category and routing key goes to this queue. */
export function receives(queue: FollowerQueue, category: string, key: string): boolean {
  return queue.exchange === 'events' ? matches(queue.pattern, key) : queue.exchange === fanoutOf(category);
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

/** Code consumes or feeds a queue that the bus was opened without. Trying again does not mend that. */
export class UnknownQueue extends Error {
  override readonly name = 'UnknownQueue';
}

/** Makes `EventBus.check` of a bus that is opened with this table. Error: two rows have the same name, or the same hold. */
export function checkingQueues(table: QueueTable): (queue: FollowerQueue | WorkQueue) => void {
  const names = table.flatMap((row) => [row.name, 'activeHold' in row ? row.activeHold : null]).filter((name) => name !== null);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) throw new Error(`two rows of the table of queues are called ${twice}`);
  const rows = new Set<object>(table);
  const same = new Set(table.map((row) => JSON.stringify(row)));
  return (queue) => {
    if (rows.has(queue) || same.has(JSON.stringify(queue))) return;
    const what = queue.name ?? `without a name for ${queue.purpose}`;
    throw new UnknownQueue(`the event bus was opened without the queue ${what}, as its consumer declares it: add its row to the table of queues`);
  };
}
