/**
 * Competing workers of a process, on one work queue.
 *
 *     const handler = (worker: string, ending: AbortSignal) => async ({ stream }: Offer) => write(stream, worker, ending);
 *     const workers = compete({ bus, log, queue: LETTERS, workers: 4, handler });
 *     await workers.stop();
 */
import { hostname } from 'node:os';
import { keepTrying, type Trying } from '../concurrency/keep-trying.ts';
import type { EventBus, Offer } from '../event-bus/event-bus.ts';
import type { WorkQueue } from '../event-bus/queues.ts';

export interface Competing {
  bus: EventBus;
  log: Trying['log'];
  queue: WorkQueue;
  /** The number of workers. */
  workers: number;
  /** The number of offers that a worker has at once, so that a slow one holds up no other; default 1. */
  atOnce?: number;
  /** Milliseconds that handlers under way are given when the workers stop, or what tells it at the stop; default 5,000. */
  grace?: number | (() => number) | undefined;
  /** Makes the handler of a worker. `worker` is a name unique among all processes; `ending` aborts when the handler must give up. */
  handler(worker: string, ending: AbortSignal): (offer: Offer) => Promise<void>;
  /** Awaited by each worker before it takes its first offer, and again after an error. */
  ready?(signal: AbortSignal): Promise<void>;
}

/**
 * Starts the workers. Throws UnknownQueue where the bus was opened without their queue. `stop` takes no more offers and waits for the handlers
 * under way; those that take longer than `grace` are told to end.
 */
export function compete({ bus, log, queue, workers, atOnce = 1, grace = 5_000, handler, ready }: Competing): { stop(): Promise<void> } {
  bus.check(queue);
  const stopping = new AbortController();
  const ending = new AbortController();
  const { signal } = stopping;

  function work(n: number): Promise<void> {
    const worker = workerName(queue, n);
    const handle = handler(worker, ending.signal);
    return keepTrying({ name: `worker ${worker}`, log, signal }, async () => {
      await ready?.(signal);
      await bus.work(queue, { signal, prefetch: atOnce }, handle);
    });
  }

  const working = Promise.all(Array.from({ length: workers }, (_, index) => work(index + 1)));
  return {
    stop: async () => {
      stopping.abort();
      const tooLong = setTimeout(() => ending.abort(), typeof grace === 'number' ? grace : grace());
      await working;
      clearTimeout(tooLong);
    },
  };
}

/** The process id in a worker's name. */
export function processOf(worker: string): number {
  return Number(/:(\d+):[^:]+$/.exec(worker)?.[1]);
}

/** The name of a worker, unique among all processes and hosts. */
export function workerName({ name }: Pick<WorkQueue, 'name'>, n: number): string {
  return `${hostname()}:${process.pid}:${name}-${n}`;
}
