/** A work queue in memory: competing workers, each with its prefetch; an offer that keeps failing goes to the `.dead` queue. */
import { unavailableIn } from '../../absences/unavailable.ts';
import { DeadLetter, type Offer, QueueFull, type QueueState } from '../event-bus.ts';
import type { WorkQueue } from '../queues.ts';

export interface MemoryWorkQueue {
  readonly spec: WorkQueue;
  /** Adds an offer. Error: QueueFull. */
  put(offer: Offer): void;
  /** Adds a worker until the signal aborts; resolves once its handlers have ended. */
  work(options: { signal: AbortSignal; prefetch: number }, handle: (offer: Offer) => Promise<void>): Promise<void>;
  state(): QueueState;
}

interface Delivery {
  offer: Offer;
  /** Deliveries so far. */
  times: number;
}

interface Worker {
  free: number;
  handle(delivery: Delivery): void;
}

/** Makes an empty queue. `dead` takes an offer that used up its deliveries, or whose handler rejected with DeadLetter. */
export function memoryWorkQueue(spec: WorkQueue, dead: (offer: Offer, error: unknown) => void): MemoryWorkQueue {
  const ready: Delivery[] = [];
  const workers: Worker[] = [];

  /** Hands ready offers to free workers, in turn. */
  function deliver(): void {
    for (let index = freeWorker(); index >= 0 && ready.length > 0; index = freeWorker()) {
      const [worker] = workers.splice(index, 1);
      const delivery = ready.shift();
      if (!worker || !delivery) return;
      workers.push(worker);
      worker.handle(delivery);
    }
  }

  const freeWorker = () => workers.findIndex(({ free }) => free > 0);

  function failed(delivery: Delivery, error: unknown): void {
    if (delivery.times >= spec.deliveryLimit || error instanceof DeadLetter) {
      // What an absence has kept from its last delivery is no dead letter: whoever offered it offers it again.
      if (!unavailableIn(error)) dead(delivery.offer, error);
      return;
    }
    ready.push(delivery);
    // In a later turn of the event loop: a handler that fails at once holds up nothing else.
    setImmediate(deliver);
  }

  async function attempt(delivery: Delivery, handle: (offer: Offer) => Promise<void>): Promise<void> {
    delivery.times++;
    try {
      await handle(delivery.offer);
    } catch (error) {
      failed(delivery, error);
    }
  }

  return {
    spec,
    put: (offer) => {
      if (ready.length >= spec.limit) throw new QueueFull(`${spec.name} holds ${ready.length} offers already`);
      ready.push({ offer, times: 0 });
      deliver();
    },
    work: async ({ signal, prefetch }, handle) => {
      if (signal.aborted) return;
      const running = new Set<Promise<void>>();
      const worker: Worker = {
        free: prefetch,
        handle: (delivery) => {
          worker.free--;
          const ended = attempt(delivery, handle).then(() => {
            worker.free++;
            running.delete(ended);
            deliver();
          });
          running.add(ended);
        },
      };
      workers.push(worker);
      deliver();
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      workers.splice(workers.indexOf(worker), 1);
      await Promise.all(running);
    },
    state: () => ({ name: spec.name, kind: 'work', depth: ready.length, consumers: workers.length, dropped: 0 }),
  };
}
