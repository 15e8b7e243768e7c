/**
 * The dispatcher: a follower that keeps the undecided items of one kind and offers each, when it is due, on its work queue; and offers
 * again items that are still undecided. An offer is a hint: losing or repeating one harms nothing.
 *
 * It keeps a bounded number of items at once (its window). The others are in a read model, and are taken from there when the window has room: so its
 * memory is bounded, and it needs no checkpoint of its own: it begins at the read model's.
 *
 *     const dispatcher = dispatch({ ...LETTER_DISPATCHER, read, undecided }, { store, bus, log });
 *     dispatcher.waiting();
 *     await dispatcher.stop();
 */
import { isDeletion } from '../../contracts/deletion.ts';
import type { Position, RecordedEvent } from '../../contracts/message.ts';
import { absencesIn } from '../absences/absences.ts';
import { type EventBus, QueueFull } from '../event-bus/event-bus.ts';
import type { WorkQueue } from '../event-bus/queues.ts';
import { BEGINNING, type Checkpoint } from '../followers/checkpoint-type.ts';
import { type FollowContext, type Follower, type FollowerRow, follow } from '../followers/follow.ts';
import { paceMeter } from '../followers/pace.ts';
import { openAlarm } from '../time/alarm.ts';
import { type Due, leftOf } from './due.ts';
import { openHeard } from './heard.ts';
import { openSetAside } from './set-aside.ts';
import { openOfferWindow, type Waiting } from './window.ts';

/** An undecided item. */
export interface UndecidedItem extends Due {
  stream: string;
  queue: WorkQueue;
}

/** The row of a dispatcher and its knowledge of items; its queue gets their events. */
export interface Dispatching extends FollowerRow {
  /**
   * The meaning of an event for its item: undecided, with the time of its next offer (and its work queue, unless the window knows it); decided; or
   * none. A pure function.
   */
  read(event: RecordedEvent): (Due & { queue?: WorkQueue }) | 'decided' | undefined;
  /**
   * The undecided items of the read model with its checkpoint: those due first, up to `limit` of those that wait for a time of day, and up to `limit`
   * of the others. With `after`, only once the read model is at or past that position; null where it is not, or where there is no read model.
   */
  undecided(limit: number, after: Position | null): Promise<{ items: UndecidedItem[]; checkpoint: Checkpoint } | null>;
}

export interface DispatchOptions extends FollowContext {
  bus: EventBus;
  /** Items kept at most; default 1,000. Of each queue at most half of what it may hold is offered at once. */
  window?: number;
  /** Milliseconds after which an offered item that nobody has taken up is offered again, unless its offer stands in the queue; default 60,000. */
  again?: number;
  /** Items of which is remembered what was heard since the read model's last answer; default 2,000. */
  remembered?: number;
  /** The time of day, in milliseconds since 1970; default Date.now. */
  clock?: () => number;
}

export interface Dispatcher extends Follower {
  /** The number of items in the window. */
  waiting(): number;
  /** Seconds for which the item has waited that is due for longest; 0 for none. */
  oldest(): number;
  /**
   * Offers an item at once that is listed because no worker could read it (set-aside.ts); with `discard`, not any more, until another process
   * dispatches, or this one is started anew. False where it is not listed; rejects with the reason where it is listed again meanwhile.
   */
  release(stream: string, discard: boolean): Promise<boolean>;
}

/** Milliseconds until an offer that a queue did not take is made again: the first wait, doubled up to the longest. */
const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 30_000;
/**
 * Milliseconds between two looks into the read model: after one that gave items, and after one that did not; at least as many as the look took, so that
 * one look at a slow server does not follow the other.
 */
const REFILL_AFTER_SOME = 100;
const REFILL_AFTER_NONE = 1_000;
/** Items of which it is remembered what was heard since the read model's last answer: for more than these, the read model is waited for. */
const REMEMBERED = 2_000;
/** Milliseconds by which two looks at the clocks may differ without a cause. */
const RESOLUTION = 2;
/** Milliseconds by which the clock must have been set before the items outside the window are looked at for it. */
const STEP = 1_000;

/** Starts a dispatcher. */
export function dispatch(dispatching: Dispatching, options: DispatchOptions): Dispatcher {
  const { bus, log, window: limit = 1_000, again = 60_000, clock = Date.now } = options;
  const window = openOfferWindow(limit);
  const aside = openSetAside({ store: options.store, dispatcher: dispatching.name, window, first: again, wakeAt, log });
  const now = () => performance.now();
  /** The time of day less the monotonic clock, when that was last looked at. */
  let ahead = clock() - now();
  /** True once the clock was set, by more than machines correct theirs. */
  let wasSet = false;
  /** The log's end when this process began to dispatch: what stands before it was recorded when nobody here watched. */
  let began: Position = '';
  /** The earliest time at which an item outside the window can be due, by the monotonic clock; Infinity: all items are in the window. */
  let moreAt = Number.POSITIVE_INFINITY;
  /** What the read model's answers may be older than: so a backlog flows as fast as it is sent, however far behind the read model is. */
  const heard = openHeard(options.remembered ?? REMEMBERED);
  /** The question that the read model is being asked. */
  let asking: object | undefined;
  let refillAt = Number.NEGATIVE_INFINITY;
  let refusing = false;
  /** How its offers get on; a queue that is full has what it needs. */
  const offers = paceMeter(`${dispatching.name} offers`, () => offers.trouble() !== undefined);
  const alarm = openAlarm({ ring, log, clock, pause: 0 });

  /** The time of the monotonic clock at which an item is due. */
  function timeOf(item: Due, isOld: boolean): number {
    lookAtClock();
    return now() + leftOf(item, clock(), isOld && !wasSet);
  }

  function put(stream: string, queue: WorkQueue, item: Due, isOld: boolean): void {
    const due = Math.max(timeOf(item, isOld), aside.until(stream) ?? 0);
    outside(window.put(stream, queue, due, { recorded: item.due, byDay: item.within === undefined }));
    if (window.has(stream)) wakeAt(due);
  }

  function outside(due: number): void {
    moreAt = Math.min(moreAt, due);
  }

  /** Notes that the clock was set: what waits for a time of day is due sooner or later now, inside the window and outside. */
  function lookAtClock(): void {
    const is = clock() - now();
    if (Math.abs(is - ahead) < RESOLUTION) return;
    window.shift(ahead - is);
    if (Math.abs(is - ahead) > STEP) {
      wasSet = true;
      heard.hurry();
      if (moreAt < Number.POSITIVE_INFINITY) moreAt = now();
    }
    ahead = is;
  }

  /** An item whose stream an operator of the event store deleted is decided. */
  const meaningOf = (event: RecordedEvent) => (isDeletion(event) ? 'decided' : dispatching.read(event));

  function take(event: RecordedEvent): void {
    const meaning = meaningOf(event);
    if (meaning === undefined) return;
    const { stream } = event;
    if (meaning === 'decided' || meaning.leased) aside.wasRead(stream);
    if (meaning === 'decided') decided(event);
    else keep(event, meaning);
  }

  function decided({ stream, position }: RecordedEvent): void {
    window.delete(stream);
    heard.note(stream, position, Number.POSITIVE_INFINITY);
  }

  function keep({ stream, position }: RecordedEvent, meaning: Due & { queue?: WorkQueue }): void {
    const queue = meaning.queue ?? window.get(stream)?.queue;
    const isOld = position <= began;
    heard.note(stream, position, timeOf(meaning, isOld));
    if (queue) put(stream, queue, meaning, isOld);
    else outside(timeOf(meaning, isOld));
  }

  /** Wakes at a time of the monotonic clock, or when it is that time of day, should the clock be set. */
  function wakeAt(time: number): void {
    alarm.after(time - now());
    alarm.set(time + ahead);
  }

  async function ring(): Promise<boolean> {
    // Another process dispatches now; should this one do so again, it begins from the read model.
    if (!follower.active()) {
      window.clear();
      return true;
    }
    lookAtClock();
    offerDue();
    if (wantsMore() && now() >= Math.max(refillAt, moreAt)) refill();
    wakeAt(window.earliest());
    wakeForMore();
    return true;
  }

  function offerDue(): void {
    for (const [stream, item] of window.takeDue(now(), now() + again)) offer(stream, item);
    const overdue = window.takeOverdue(now(), now() + again);
    if (overdue.length > 0) offerAgain(overdue);
  }

  const wantsMore = () => moreAt < Number.POSITIVE_INFINITY && !asking && !window.isBusy(now());

  function wakeForMore(): void {
    if (wantsMore()) wakeAt(Math.max(refillAt, moreAt));
  }

  /** Logs the first of refused offers; that the broker is away is told elsewhere. */
  function sayRefused(queue: string, stream: string, error: unknown): void {
    if (!absencesIn(log).failed(error) && !refusing) log.warn({ queue, stream, err: error }, 'the queue takes no offers; again later');
    refusing = true;
  }

  async function offer(stream: string, item: Waiting): Promise<void> {
    try {
      await bus.offer(item.queue, { stream, due: item.recorded });
      refusing = false;
      offers.well();
    } catch (error) {
      if (error instanceof QueueFull) offers.well();
      else offers.failed(error);
      sayRefused(item.queue.name, stream, error);
      const wait = Math.min(FIRST_WAIT * 2 ** item.refused, LONGEST_WAIT);
      Object.assign(item, { due: now() + wait, offered: false, refused: item.refused + 1 });
      wakeAt(item.due);
    }
  }

  /**
   * Offers again what is missing in its queue. Where the other side is slow, offers stand there for long: more of them would make it no faster, and
   * each is a read of its item. Which are missing nobody knows: those that were offered first are offered again, until none is missing.
   */
  async function offerAgain(overdue: readonly [string, Waiting][]): Promise<void> {
    const readable = await aside.withoutUnread(overdue);
    const depths = await depthsNow();
    const missing = [...Map.groupBy(readable, ([, { queue }]) => queue)].flatMap(([queue, items]) =>
      items.slice(0, Math.max(window.out(queue) - (depths.get(queue.name) ?? 0), 0)),
    );
    for (const [stream, item] of missing) if (window.get(stream) === item) offer(stream, item);
  }

  function say(error: unknown, what: string): void {
    if (!absencesIn(log).failed(error)) log.warn({ err: error, dispatcher: dispatching.name }, what);
  }

  /** The messages in each queue by its name; none where the broker cannot tell: to offer then shows what is wrong. */
  async function depthsNow(): Promise<Map<string, number>> {
    try {
      return new Map((await bus.queues()).map(({ name, depth }) => [name, depth]));
    } catch (error) {
      say(error, 'the queues cannot be looked at');
      return new Map();
    }
  }

  /** Takes undecided items from the read model, but for those of which something was heard that it has not folded yet. */
  async function refill(): Promise<void> {
    const question = {};
    const asked = now();
    asking = question;
    moreAt = Number.POSITIVE_INFINITY;
    // Those that cannot be read, and those that are decided since, come first, since they are due for long: others must come behind them.
    const most = limit + aside.size + heard.size;
    const found = await dispatching.undecided(most, heard.since).catch((error) => say(error, 'not refilled yet'));
    // The follower has begun again from the read model meanwhile: these items are old.
    if (asking !== question) return;
    asking = undefined;
    const some = found ? fillAfter(found, most) : outside(now());
    heard.trim();
    refillAt = now() + Math.max(some ? REFILL_AFTER_SOME : REFILL_AFTER_NONE, now() - asked);
    wakeForMore();
  }

  /** Fills the window from an answer to the question for so many. True where that had something. */
  function fillAfter({ items, checkpoint }: { items: UndecidedItem[]; checkpoint: Checkpoint }, most: number): boolean {
    heard.foldedTo(checkpoint.position);
    for (const [stream, due] of heard.items()) if (!window.has(stream)) outside(due);
    const isNew = ({ stream }: UndecidedItem) => !(heard.has(stream) || window.has(stream) || aside.isDiscarded(stream));
    return fill(behindPages(items, most).filter(isNew));
  }

  /** Notes, for a full page, that items beyond it may be due from the time of its last item on. */
  function behindPages(items: UndecidedItem[], most: number): UndecidedItem[] {
    for (const page of [items.filter((one) => one.within === undefined), items.filter((one) => one.within !== undefined)]) {
      const last = page.at(-1);
      if (last && page.length >= most) outside(timeOf(last, true));
    }
    return items;
  }

  function fill(found: readonly UndecidedItem[]): boolean {
    for (const { stream, queue, ...item } of found) put(stream, queue, item, true);
    return found.length > 0;
  }

  async function begin(): Promise<Checkpoint> {
    began = await options.store.head();
    await aside.look();
    const most = limit + aside.size;
    const found = await dispatching.undecided(most, null);
    const checkpoint = found?.checkpoint ?? BEGINNING;
    asking = undefined;
    heard.begin(checkpoint.position);
    window.clear();
    moreAt = Number.POSITIVE_INFINITY;
    fill(behindPages(found?.items ?? [], most));
    return checkpoint;
  }

  const follower = follow(
    {
      name: dispatching.name,
      queue: dispatching.queue,
      batch: 500,
      wants: (event) => meaningOf(event) !== undefined,
      load: begin,
      foreignLog: async () => window.clear(),
      apply: async (events) => {
        for (const event of events) take(event);
        if (!asking) heard.trim();
        // What was taken up has made room for offers.
        if (window.crowded) wakeAt(window.earliest());
        wakeForMore();
      },
    },
    options,
  );
  return {
    ...follower,
    paces: [...follower.paces, { ...offers, hasTurn: follower.active }],
    waiting: () => window.size,
    oldest: () => {
      const since = window.oldest(now());
      return since === undefined ? 0 : Math.max((clock() - Date.parse(since)) / 1_000, 0);
    },
    release: async (stream, discard) => {
      try {
        return await aside.release(stream, discard);
      } finally {
        // It may be outside the window.
        outside(now());
        wakeForMore();
      }
    },
    stop: async () => {
      await Promise.all([alarm.stop(), follower.stop()]);
    },
  };
}
