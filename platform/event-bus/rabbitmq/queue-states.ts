/** The states of queues for the operator, asked of the broker without declaring anything; a queue that it does not have is left out. */
import type { QueueState } from '../event-bus.ts';
import type { QueueTable, WorkQueue } from '../queues.ts';
import type { BusSession } from './session.ts';
import { deadQueueOf } from './topology.ts';

/** The queues that this process knows of: those of the table from the beginning, and those declared since. */
export interface KnownQueues {
  /** Adds a queue that was declared; with `session` for a queue that is exclusive to it, until the session is lost. */
  add(name: string, kind: QueueState['kind'], session?: BusSession): void;
  /** Adds a work queue and its `.dead` queue. */
  addWork(queue: WorkQueue): void;
  /** The states of these queues; those that are not exclusive are asked for on `session`. */
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

  return {
    add,
    addWork,
    states: async (session) => {
      const asked = [...known].map(([name, { kind, session: own }]) => stateOf(own ?? session, name, kind));
      return (await Promise.all(asked)).flatMap((state) => state ?? []);
    },
  };
}

/** A queue's state; undefined where there is no such queue, or its session has ended: an error ends only the channel that asked. */
async function stateOf(session: BusSession, name: string, kind: QueueState['kind']): Promise<QueueState | undefined> {
  const answer = await session.aside((channel) => channel.checkQueue(name)).catch(() => undefined);
  return answer && { name, kind, depth: answer.messageCount, consumers: answer.consumerCount };
}
