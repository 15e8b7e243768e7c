/**
 * The embedded bus: the queues of the table in this process, bounded, gone with it. Nothing is lost by that: followers read
 * the store, and the dispatcher offers again. A message is one object, however many queues hold it.
 */
import { randomUUID } from 'node:crypto';
import { categoryOf, routingKey } from '../../../contracts/message.ts';
import { type BusMessage, BusUnavailable, type EventBus, type Offer, type Publisher } from '../event-bus.ts';
import { checkingQueues, type FollowerQueue, type QueueTable, receives, type WorkQueue } from '../queues.ts';
import { type MemoryFollowerQueue, memoryFollowerQueue } from './follower-queue.ts';
import { type MemoryWorkQueue, memoryWorkQueue } from './work-queue.ts';

export interface MemoryBusOptions {
  queues: QueueTable;
  log: { warn(data: object, message: string): void };
}

/** Offers that a `.dead` queue keeps: the newest. */
const DEAD_LIMIT = 1_000;
/** Routing keys whose queues are remembered; there are as many keys as types of events. */
const ROUTES = 10_000;

/** Opens an empty bus. */
export function openMemoryBus({ queues: table, log }: MemoryBusOptions): EventBus {
  const check = checkingQueues(table);
  const followerQueues = new Map<string, MemoryFollowerQueue>();
  const workQueues = new Map<string, MemoryWorkQueue>();
  const dead = new Map<string, { offers: Offer[]; dropped: number }>();
  const closing = new AbortController();
  const publisher = onePublisher(publish, closing.signal);
  /** Queues by routing key. */
  const routes = new Map<string, MemoryFollowerQueue[]>();

  function publish(messages: readonly BusMessage[]): void {
    for (const message of messages) {
      for (const queue of routeOf(message)) queue.put(message);
    }
  }

  function routeOf({ event }: BusMessage): MemoryFollowerQueue[] {
    const key = routingKey(event);
    const known = routes.get(key);
    if (known) return known;
    const queues = [...followerQueues.values()].filter(({ spec }) => receives(spec, categoryOf(event.stream), key));
    if (routes.size >= ROUTES) routes.clear();
    routes.set(key, queues);
    return queues;
  }

  function followerQueue(spec: FollowerQueue): MemoryFollowerQueue {
    // Consumers of one hold wait in line at one queue, also where it has no name.
    const name = spec.name ?? `amq.gen-${spec.activeHold ?? randomUUID()}`;
    const there = followerQueues.get(name);
    if (there) return there;
    const queue = memoryFollowerQueue(spec, {
      full: () => log.warn({ queue: name, limit: spec.limit }, 'the queue is full and drops at its head; its follower will read the store'),
      unused: () => {
        if (spec.name === null && followerQueues.delete(name)) routes.clear();
      },
    });
    followerQueues.set(name, queue);
    routes.clear();
    return queue;
  }

  function workQueue(spec: WorkQueue): MemoryWorkQueue {
    const there = workQueues.get(spec.name);
    if (there) return there;
    const queue = memoryWorkQueue(spec, (offer, error) => bury(spec, offer, error));
    workQueues.set(spec.name, queue);
    return queue;
  }

  function bury(spec: WorkQueue, offer: Offer, error: unknown): void {
    const name = `${spec.name}.dead`;
    log.warn({ queue: name, stream: offer.stream, err: error }, 'an offer failed for good');
    const buried = dead.get(name) ?? { offers: [], dropped: 0 };
    buried.offers.push(offer);
    if (buried.offers.length > DEAD_LIMIT) {
      buried.offers.shift();
      buried.dropped++;
    }
    dead.set(name, buried);
  }

  async function* consume(spec: FollowerQueue, { signal, max }: { signal: AbortSignal; max: number }): AsyncGenerator<BusMessage[]> {
    if (signal.aborted || closing.signal.aborted) return;
    const consumption = followerQueue(spec).join();
    signal.addEventListener('abort', consumption.leave);
    closing.signal.addEventListener('abort', consumption.leave);
    try {
      if (!(await consumption.active())) return;
      yield [];
      for (let batch = await consumption.take(max); batch; batch = await consumption.take(max)) yield batch;
    } finally {
      signal.removeEventListener('abort', consumption.leave);
      closing.signal.removeEventListener('abort', consumption.leave);
      consumption.leave();
    }
  }

  function checkOpen(): void {
    if (closing.signal.aborted) throw new BusUnavailable('the event bus is closed');
  }

  return {
    check,
    publisher,
    follow: (queue, options) => {
      check(queue);
      return consume(queue, options);
    },
    offer: async (queue, offer) => {
      checkOpen();
      check(queue);
      workQueue(queue).put(offer);
    },
    work: async (queue, options, handle) => {
      checkOpen();
      check(queue);
      const ending = new AbortController();
      const end = () => ending.abort();
      const signals = [options.signal, closing.signal];
      for (const signal of signals) signal.addEventListener('abort', end);
      if (options.signal.aborted) end();
      await workQueue(queue).work({ ...options, signal: ending.signal }, handle);
      for (const signal of signals) signal.removeEventListener('abort', end);
    },
    queues: async () => [
      ...[...followerQueues].map(([name, queue]) => queue.state(name)),
      ...[...workQueues.values()].map((queue) => queue.state()),
      ...[...dead].map(([name, { offers, dropped }]) => ({ name, kind: 'work' as const, depth: offers.length, consumers: 0, dropped })),
    ],
    close: async () => closing.abort(),
  };
}

/** The hold of `_forwarder`: one publisher at a time, the next ones wait in line. */
function onePublisher(publish: (messages: readonly BusMessage[]) => void, closed: AbortSignal): EventBus['publisher'] {
  let held = false;
  const line: (() => void)[] = [];

  function hold(): Publisher {
    const lost = new AbortController();
    const lose = () => lost.abort();
    let released = false;
    closed.addEventListener('abort', lose);
    return {
      lost: lost.signal,
      publish: async (messages) => {
        if (released || lost.signal.aborted) throw new BusUnavailable('this publisher does not hold the bus any more');
        publish(messages);
      },
      release: async () => {
        if (released) return;
        released = true;
        closed.removeEventListener('abort', lose);
        held = false;
        line.shift()?.();
      },
    };
  }

  return (signal) =>
    new Promise((resolve, reject) => {
      const refuse = () => {
        const index = line.indexOf(take);
        if (index >= 0) line.splice(index, 1);
        reject(signal.reason);
      };
      const take = () => {
        held = true;
        signal.removeEventListener('abort', refuse);
        resolve(hold());
      };
      if (signal.aborted) return reject(signal.reason);
      signal.addEventListener('abort', refuse, { once: true });
      if (held) line.push(take);
      else take();
    });
}
