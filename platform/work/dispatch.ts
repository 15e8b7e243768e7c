/**
 * The dispatcher: a follower that keeps the undecided items of one kind and offers each, when it is due, on its work queue; and offers
 * again what is still undecided. An offer is a hint: losing or repeating one harms nothing.
 *
 * It keeps at most so many items at once (its window). The rest is in a read model, and is taken from there when the window has room: so its
 * memory is bounded, and it needs no checkpoint of its own: it begins where that read model is.
 */
import type { Position, RecordedEvent } from '../../contracts/message.ts';
import type { EventBus } from '../event-bus/event-bus.ts';
import type { WorkQueue } from '../event-bus/queues.ts';
import { BEGINNING, type Checkpoint } from '../followers/checkpoint-type.ts';
import { type FollowContext, type Follower, type FollowerRow, follow } from '../followers/follow.ts';
import { openWindow, type Waiting } from './window.ts';

/** An undecided item. */
export interface Item {
  stream: string;
  queue: WorkQueue;
  /** Not to be offered before this: ISO 8601, UTC. */
  due: string;
}

/** What a dispatcher needs to know of its items; its queue gets their events. */
export interface Dispatching extends FollowerRow {
  /** What an event means for its item: undecided (and when it is due next; without a queue, what the window knows), decided, or nothing. Pure. */
  read(event: RecordedEvent): { due: string; queue?: WorkQueue } | 'decided' | undefined;
  /**
   * Undecided items as the read model has them, the ones due first, and where it is. With `after`, only once it is at or past that
   * position; null where it is not, or where there is none.
   */
  undecided(limit: number, after: Position | null): Promise<{ items: Item[]; checkpoint: Checkpoint } | null>;
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

/** Milliseconds until what a queue did not take is offered again: the first wait, doubled up to the longest. */
const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 30_000;
/** Milliseconds between two looks into the read model: after one that gave items, and after one that did not. */
const REFILL_AFTER_SOME = 100;
const REFILL_AFTER_NONE = 1_000;
/** Milliseconds that one timer can run (2^31 − 1 and a little less). */
const LONGEST_TIMER = 2 ** 30;

/** Starts a dispatcher. */
export function dispatch(dispatching: Dispatching, options: DispatchOptions): Dispatcher {
  const { bus, log, window: limit = 1_000, again = 60_000, clock: now = Date.now } = options;
  const window = openWindow(limit);
  /** Position of the last event taken. */
  let at: Position = '';
  /** The read model may have items that the window has not; none of them is due before this. Infinity: it has none. */
  let moreAt = Number.POSITIVE_INFINITY;
  /** While the read model is asked: streams heard of meanwhile, of which it may tell old things. */
  let heard: Set<string> | undefined;
  let refillAt = 0;
  let refusing = false;
  let timer: NodeJS.Timeout | undefined;
  let timerAt = Number.POSITIVE_INFINITY;
  let stopped = false;

  function put(stream: string, queue: WorkQueue, due: string): void {
    const milliseconds = Date.parse(due);
    outside(window.put(stream, queue, milliseconds));
    if (window.has(stream)) wakeAt(milliseconds);
  }

  function outside(due: number): void {
    moreAt = Math.min(moreAt, due);
  }

  function take(event: RecordedEvent): void {
    const meaning = dispatching.read(event);
    if (meaning === undefined) return;
    const { stream } = event;
    heard?.add(stream);
    if (meaning === 'decided') {
      window.delete(stream);
      return;
    }
    const queue = meaning.queue ?? window.get(stream)?.queue;
    if (queue) put(stream, queue, meaning.due);
    else outside(Date.parse(meaning.due));
  }

  function wakeAt(time: number): void {
    if (stopped || time >= timerAt) return;
    clearTimeout(timer);
    timerAt = time;
    timer = setTimeout(wake, Math.min(Math.max(time - now(), 0), LONGEST_TIMER));
  }

  function wake(): void {
    timerAt = Number.POSITIVE_INFINITY;
    // Another process does it now; should this one again, it begins from the read model.
    if (!follower.active()) {
      window.clear();
      return;
    }
    for (const [stream, item] of window.takeDue(now(), now() + again)) offer(stream, item);
    if (wantsMore() && now() >= Math.max(refillAt, moreAt)) refill();
    wakeAt(window.earliest());
    wakeForMore();
  }

  const wantsMore = () => moreAt < Number.POSITIVE_INFINITY && !heard && !window.isBusy(now());

  function wakeForMore(): void {
    if (wantsMore()) wakeAt(Math.max(refillAt, moreAt));
  }

  async function offer(stream: string, item: Waiting): Promise<void> {
    try {
      await bus.offer(item.queue, { stream });
      refusing = false;
    } catch (error) {
      if (!refusing) log.warn({ queue: item.queue.name, stream, err: error }, 'the queue takes no offers; again later');
      refusing = true;
      const wait = Math.min(FIRST_WAIT * 2 ** item.refused, LONGEST_WAIT);
      Object.assign(item, { due: now() + wait, offered: false, refused: item.refused + 1 });
      wakeAt(item.due);
    }
  }

  /** Takes undecided items from the read model, which must know all that was heard here. */
  async function refill(): Promise<void> {
    const during = new Set<string>();
    heard = during;
    moreAt = Number.POSITIVE_INFINITY;
    const items = await stored();
    // Begun again from the read model meanwhile: what was found is old.
    if (heard !== during) return;
    heard = undefined;
    const some = fill(items.filter(({ stream }) => !during.has(stream) && !window.has(stream)));
    refillAt = now() + (some ? REFILL_AFTER_SOME : REFILL_AFTER_NONE);
    wakeForMore();
  }

  /** The earliest undecided ones, as many as there may be. */
  async function stored(): Promise<Item[]> {
    const found = await dispatching.undecided(limit, at).catch((error) => log.warn({ err: error, dispatcher: dispatching.name }, 'not refilled yet'));
    if (!found) outside(now());
    return behindPage(found?.items ?? []);
  }

  /** What did not fit on a full page is due no sooner than its last. */
  function behindPage(items: Item[]): Item[] {
    const last = items.at(-1);
    if (last && items.length >= limit) outside(Date.parse(last.due));
    return items;
  }

  function fill(found: readonly Item[]): boolean {
    for (const { stream, queue, due } of found) put(stream, queue, due);
    return found.length > 0;
  }

  async function begin(): Promise<Checkpoint> {
    const found = await dispatching.undecided(limit, null);
    heard = undefined;
    window.clear();
    moreAt = Number.POSITIVE_INFINITY;
    fill(behindPage(found?.items ?? []));
    const checkpoint = found?.checkpoint ?? BEGINNING;
    at = checkpoint.position;
    return checkpoint;
  }

  const follower = follow(
    {
      name: dispatching.name,
      queue: dispatching.queue,
      batch: 500,
      wants: (event) => dispatching.read(event) !== undefined,
      load: begin,
      foreignLog: async () => window.clear(),
      apply: async (events, checkpoint) => {
        for (const event of events) take(event);
        at = checkpoint.position;
        wakeForMore();
      },
    },
    options,
  );
  return {
    ...follower,
    waiting: () => window.size,
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await follower.stop();
    },
  };
}
