/** Competing workers of a process, on one work queue. */
import { hostname } from 'node:os';
import { keepTrying, type Trying } from '../concurrency/keep-trying.ts';
import type { EventBus, Offer } from '../event-bus/event-bus.ts';
import type { WorkQueue } from '../event-bus/queues.ts';

export interface Competing {
  bus: EventBus;
  log: Trying['log'];
  queue: WorkQueue;
  /** How many. */
  workers: number;
  /** Milliseconds that what is at hand is given when they stop; default 5,000. */
  grace?: number | undefined;
  /** Makes a worker's handler. `worker` is unique among all of them; `ending` aborts when what is at hand must be given up. */
  handler(worker: string, ending: AbortSignal): (offer: Offer) => Promise<void>;
  /** What a worker waits for before it takes anything. */
  ready?(signal: AbortSignal): Promise<void>;
}

/** Starts them. Throws UnknownQueue where the bus was opened without their queue. `stop` takes nothing more and waits for what is at hand; what takes longer than `grace` is told to end. */
export function compete({ bus, log, queue, workers, grace = 5_000, handler, ready }: Competing): { stop(): Promise<void> } {
  bus.check(queue);
  const stopping = new AbortController();
  const ending = new AbortController();
  const { signal } = stopping;

  function work(n: number): Promise<void> {
    const worker = nameOf(queue, n);
    const handle = handler(worker, ending.signal);
    return keepTrying({ name: `worker ${worker}`, log, signal }, async () => {
      await ready?.(signal);
      await bus.work(queue, { signal, prefetch: 1 }, handle);
    });
  }

  const working = Promise.all(Array.from({ length: workers }, (_, index) => work(index + 1)));
  return {
    stop: async () => {
      stopping.abort();
      const tooLong = setTimeout(() => ending.abort(), grace);
      await working;
      clearTimeout(tooLong);
    },
  };
}

/** The process id in a worker's name. */
export function processOf(worker: string): number {
  return Number(/:(\d+):[^:]+$/.exec(worker)?.[1]);
}

/** Unique among the workers of all processes and hosts. */
export function nameOf({ name }: Pick<WorkQueue, 'name'>, n: number): string {
  return `${hostname()}:${process.pid}:${name}-${n}`;
}
