/**
 * The dispatcher: a follower that keeps the undecided items of one kind and offers each, when it is due, on its work queue; and offers
 * again what is still undecided. An offer is a hint: losing or repeating one harms nothing.
 *
 * It keeps at most so many items at once (its window). The rest is in a read model, and is taken from there when the window has room: so its
 * memory is bounded, and it needs no checkpoint of its own: it begins where that read model is.
 */
import type { RecordedEvent } from '../../contracts/message.ts';
import type { EventBus } from '../event-bus/event-bus.ts';
import { BEGINNING, type Checkpoint, type FollowContext, type Follower, follow } from '../event-bus/follow.ts';
import type { FollowerQueue, WorkQueue } from '../event-bus/queues.ts';

/** An undecided item. */
export interface Item {
  stream: string;
  queue: WorkQueue;
  /** Not to be offered before this: ISO 8601, UTC. */
  due: string;
}

export interface Dispatching {
  name: string;
  /** Queue of the events of these items. */
  queue: FollowerQueue;
  /** What an event means for its item: undecided (and when it is due next; without a queue, what the window knows), decided, or nothing. Pure. */
  read(event: RecordedEvent): { due: string; queue?: WorkQueue } | 'decided' | undefined;
  /**
   * Undecided items as the read model has them, the ones due first, and where it is. With `after`, only once it is at or past that
   * position; null where it is not, or where there is none.
   */
  undecided(limit: number, after: string | null): Promise<{ items: Item[]; checkpoint: Checkpoint } | null>;
}

export interface DispatchOptions extends FollowContext {
  bus: EventBus;
  /** Items kept, and so offers out, at most; default 1,000. */
  window?: number;
  /** Milliseconds after which what was offered and is still undecided is offered again; default 60,000. */
  again?: number;
  /** Milliseconds since 1970. */
  clock?: () => number;
}

export interface Dispatcher extends Follower {
  /** Items in the window. */
  waiting(): number;
}

/** Milliseconds to wait when a queue took no offer, or the read model was behind. */
const LATER = 1_000;

/** Starts a dispatcher. */
export function dispatch(dispatching: Dispatching, options: DispatchOptions): Dispatcher {
  const { bus, log, window: size = 1_000, again = 60_000, clock: now = Date.now } = options;
  const items = new Map<string, { queue: WorkQueue; due: number }>();
  /** True where the read model has more than the window could take. */
  let more = false;
  let timer: NodeJS.Timeout | undefined;
  let timerAt = Number.POSITIVE_INFINITY;
  let stopped = false;

  function put({ stream, queue, due }: Item): void {
    if (items.size >= size && !items.has(stream)) {
      more = true;
      return;
    }
    const at = Date.parse(due);
    items.set(stream, { queue, due: at });
    wakeAt(at);
  }

  function take(event: RecordedEvent): void {
    const meaning = dispatching.read(event);
    if (meaning === undefined) return;
    const { stream } = event;
    if (meaning === 'decided') {
      items.delete(stream);
      return;
    }
    const queue = meaning.queue ?? items.get(stream)?.queue;
    if (queue) put({ stream, queue, due: meaning.due });
    else more = true;
  }

  function wakeAt(at: number): void {
    if (stopped || at >= timerAt) return;
    clearTimeout(timer);
    timerAt = at;
    timer = setTimeout(wake, Math.min(Math.max(at - now(), 0), 2 ** 30));
  }

  function wake(): void {
    timerAt = Number.POSITIVE_INFINITY;
    const due = [...items].filter(([, item]) => item.due <= now());
    for (const [, item] of due) item.due = now() + again;
    for (const { due: at } of items.values()) wakeAt(at);
    Promise.all(due.map(([stream, item]) => offer(stream, item))).catch((error) => log.error({ err: error }, 'offers'));
  }

  async function offer(stream: string, item: { queue: WorkQueue; due: number }): Promise<void> {
    try {
      await bus.offer(item.queue, { stream });
    } catch (error) {
      log.warn({ queue: item.queue.name, stream, err: error }, 'not offered; again later');
      item.due = now() + LATER;
      wakeAt(item.due);
    }
  }

  /** Takes undecided items from the read model while the window is half empty. Within `apply`, so that what comes after is taken after. */
  async function refill(position: string): Promise<void> {
    if (!more || items.size > size / 2) return;
    const found = await dispatching.undecided(size, position);
    if (!found) return;
    fill(
      found.items.filter((item) => !items.has(item.stream)),
      found.items.length,
    );
  }

  function fill(found: readonly Item[], count: number): void {
    more = count >= size;
    for (const item of found) put(item);
  }

  const follower = follow(
    {
      name: dispatching.name,
      queue: dispatching.queue,
      batch: 500,
      wants: (event) => dispatching.read(event) !== undefined,
      load: async () => {
        items.clear();
        const found = await dispatching.undecided(size, null);
        fill(found?.items ?? [], found?.items.length ?? 0);
        return found?.checkpoint ?? BEGINNING;
      },
      foreignLog: async () => items.clear(),
      apply: async (events, checkpoint) => {
        for (const event of events) take(event);
        await refill(checkpoint.position);
      },
    },
    options,
  );
  return {
    ...follower,
    waiting: () => items.size,
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await follower.stop();
    },
  };
}
