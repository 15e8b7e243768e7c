/** A follower's queue in memory: bounded, drops at the head, one consumer active and the others waiting in line. */
import type { BusMessage, QueueState } from '../event-bus.ts';
import type { FollowerQueue } from '../queues.ts';

/** One consumer's place at a queue. */
export interface Consumption {
  /**
   * The next messages, at most `max`, once this consumer is the active one and there are any; undefined when it has ended. Taking acknowledges
   * the messages taken before.
   */
  take(max: number): Promise<BusMessage[] | undefined>;
  /** Resolves true when this consumer is the active one, false when it has ended. */
  active(): Promise<boolean>;
  /** Leaves the queue: unacknowledged messages go back to its head, and the next consumer in line takes over. */
  leave(): void;
}

export interface MemoryFollowerQueue {
  readonly spec: FollowerQueue;
  put(message: BusMessage): void;
  join(): Consumption;
  state(name: string): QueueState;
}

interface Consumer {
  taken: BusMessage[];
  ended: boolean;
  /** Called when there may be a message for this consumer, or its turn or its end has come. */
  wake(): void;
}

/** Makes an empty queue. `full` is called when it begins to drop, `unused` when its last consumer leaves. */
export function memoryFollowerQueue(spec: FollowerQueue, { full, unused }: { full(): void; unused(): void }): MemoryFollowerQueue {
  const line: Consumer[] = [];
  let waiting: BusMessage[] = [];
  /** Index of the head in `waiting`; messages before it are gone. */
  let head = 0;
  let dropped = 0;
  let dropping = false;

  const depth = () => waiting.length - head;

  function dropAtHead(): void {
    while (depth() > spec.limit) {
      head++;
      dropped++;
      if (!dropping) full();
      dropping = true;
    }
    if (head > spec.limit) compact();
  }

  function compact(): void {
    waiting = waiting.slice(head);
    head = 0;
  }

  function shift(max: number): BusMessage[] {
    const batch = waiting.slice(head, head + max);
    head += batch.length;
    if (depth() === 0) {
      waiting = [];
      head = 0;
      dropping = false;
    } else if (head > spec.limit) compact();
    return batch;
  }

  function giveBack(messages: BusMessage[]): void {
    if (messages.length === 0) return;
    waiting = [...messages, ...waiting.slice(head)];
    head = 0;
    dropAtHead();
  }

  async function until(consumer: Consumer, condition: () => boolean): Promise<boolean> {
    while (!consumer.ended && !condition()) {
      await new Promise<void>((resolve) => {
        consumer.wake = resolve;
      });
    }
    return !consumer.ended;
  }

  function leave(consumer: Consumer): void {
    if (consumer.ended) return;
    consumer.ended = true;
    line.splice(line.indexOf(consumer), 1);
    giveBack(consumer.taken);
    consumer.taken = [];
    consumer.wake();
    if (line.length === 0) unused();
    else line[0]?.wake();
  }

  return {
    spec,
    put: (message) => {
      waiting.push(message);
      dropAtHead();
      line[0]?.wake();
    },
    join: () => {
      const consumer: Consumer = { taken: [], ended: false, wake: () => {} };
      line.push(consumer);
      const isActive = () => line[0] === consumer;
      return {
        active: () => until(consumer, isActive),
        take: async (max) => {
          consumer.taken = [];
          if (!(await until(consumer, () => isActive() && depth() > 0))) return undefined;
          consumer.taken = shift(max);
          return consumer.taken;
        },
        leave: () => leave(consumer),
      };
    },
    state: (name) => ({ name, kind: 'follower', depth: depth(), consumers: line.length, dropped }),
  };
}
