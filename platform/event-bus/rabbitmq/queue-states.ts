/** The states of queues for the operator, asked of the broker without declaring anything; a queue that it does not have is left out. */
import { setTimeout as delay } from 'node:timers/promises';
import { BusUnavailable, type QueueState } from '../event-bus.ts';
import type { QueueTable, WorkQueue } from '../queues.ts';
import type { BusSession } from './session.ts';
import { deadQueueOf } from './topology.ts';

/** The queues that this process knows of: those of the table from the beginning, and those declared since. */
export interface KnownQueues {
  /** Adds a queue that was declared; with `session` for a queue that is exclusive to it, until the session is lost. */
  add(name: string, kind: QueueState['kind'], session?: BusSession): void;
  /** Adds a work queue and its `.dead` queue. */
  addWork(queue: WorkQueue): void;
  /** The states of these queues; those that are not exclusive are asked for on `session`. Error: BusUnavailable where the broker does not answer. */
  states(session: BusSession): Promise<QueueState[]>;
}

export function knowingQueues(table: QueueTable): KnownQueues {
  const known = new Map<string, { kind: QueueState['kind']; session?: BusSession | undefined }>();

  function add(name: string, kind: QueueState['kind'], session?: BusSession): void {
    known.set(name, { kind, session });
    session?.lost.addEventListener('abort', () => known.delete(name), { once: true });
  }

  function addWork(queue: WorkQueue): void {
    add(queue.name, 'work');
    add(deadQueueOf(queue), 'work');
  }

  for (const queue of table) {
    if (queue.kind === 'work') addWork(queue);
    else if (queue.name !== null) add(queue.name, 'follower');
  }

  async function ask(session: BusSession): Promise<QueueState[]> {
    const asked = [...known].map(([name, { kind, session: own }]) =>
      own ? stateOf(own, name, kind).catch(() => undefined) : stateOf(session, name, kind),
    );
    return (await Promise.all(asked)).flatMap((state) => state ?? []);
  }

  /** The question that is under way: a broker that stands still is asked once, however many want to know. */
  let asking: { session: BusSession; states: Promise<QueueState[]> } | undefined;

  return {
    add,
    addWork,
    states: (session) => {
      if (asking?.session !== session) {
        const mine = { session, states: ask(session) };
        const end = () => {
          if (asking === mine) asking = undefined;
        };
        mine.states.then(end, end);
        asking = mine;
      }
      return inTime(asking.states);
    },
  };
}

/** Milliseconds that the broker has to tell the states of all queues. */
const PATIENCE = 3_000;
const NOT_FOUND = 404;

async function inTime<T>(answer: Promise<T>): Promise<T> {
  const over = new AbortController();
  const late = delay(PATIENCE, undefined, { signal: over.signal, ref: false }).then(() => {
    throw new BusUnavailable(`the event bus does not tell the states of its queues within ${PATIENCE / 1_000} s`);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    late.catch(() => {});
    over.abort();
  }
}

/** A queue's state; undefined where there is no such queue. Error: BusUnavailable. */
async function stateOf(session: BusSession, name: string, kind: QueueState['kind']): Promise<QueueState | undefined> {
  try {
    const { messageCount: depth, consumerCount: consumers } = await session.aside((channel) => channel.checkQueue(name));
    return { name, kind, depth, consumers };
  } catch (error) {
    // An error of the broker ends only the channel that asked.
    if ((error as { code?: number }).code === NOT_FOUND) return undefined;
    throw new BusUnavailable(`the event bus does not tell the state of the queue ${name}: ${(error as Error).message}`, { cause: error });
  }
}
