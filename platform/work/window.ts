/**
 * The dispatcher's window: the undecided items that it keeps, a bounded number of them. When it is full, an item due later gives way to one due
 * sooner; an offered item stays. Of each queue at most half of what it may hold is offered at once: so a backlog of any length fills no queue, also not
 * with offers that are made again. Its times are of the monotonic clock, in milliseconds.
 */
import type { WorkQueue } from '../event-bus/queues.ts';

/** An undecided item in the window. */
export interface Waiting {
  queue: WorkQueue;
  /** The time before which the item is not to be offered. */
  due: number;
  /** The time for which it waits, as it was recorded (ISO 8601). */
  recorded: string;
  /** True where `due` was made of a time of day, which comes sooner or later when the clock is set. */
  byDay: boolean;
  /** True where the item was offered, and no event of it came since. */
  offered: boolean;
  /** Offers in a row that the item's queue did not take. */
  refused: number;
}

export interface OfferWindow {
  readonly size: number;
  has(stream: string): boolean;
  get(stream: string): Waiting | undefined;
  /** Puts an item in, or anew. Answers the due time of the item that is outside now, this one or one that gave way to it; Infinity where none is. */
  put(stream: string, queue: WorkQueue, due: number, of?: Partial<Pick<Waiting, 'recorded' | 'byDay'>>): number;
  delete(stream: string): void;
  clear(): void;
  /** The items due at `now` for which their queue has room: they are thereby marked as offered, and due again at `again`. */
  takeDue(now: number, again: number): [string, Waiting][];
  /** The items that were offered and are due again at `now`, those offered first at the beginning; they are due again at `again`. */
  takeOverdue(now: number, again: number): [string, Waiting][];
  /** True where the last `takeDue` left something that was due, because its queue had no room. */
  readonly crowded: boolean;
  /** The number of items that are offered on a queue. */
  out(queue: WorkQueue): number;
  /** The earliest time for which an item waits that is offered or due at `now` (ISO 8601); undefined for none. */
  oldest(now: number): string | undefined;
  /** Moves the due times that were made of a time of day: the clock was set back by so many milliseconds (negative: on). */
  shift(by: number): void;
  /** The time at which the first item is due that is offered, or for which its queue has room; Infinity when there is none. */
  earliest(): number;
  /** True where more than half of the items that the window may hold are offered or due: asking for more is of no use. */
  isBusy(now: number): boolean;
}

/** Makes an empty window that holds at most `limit` items. */
export function openOfferWindow(limit: number): OfferWindow {
  const items = new Map<string, Waiting>();
  let crowded = false;

  function latestUnoffered(): [string, Waiting] | undefined {
    let latest: [string, Waiting] | undefined;
    for (const entry of items) if (!entry[1].offered && entry[1].due > (latest?.[1].due ?? Number.NEGATIVE_INFINITY)) latest = entry;
    return latest;
  }

  /** Puts out the latest item that was not offered, where it is due later than `due`. Answers its due time; undefined where there is none. */
  function makeRoom(due: number): number | undefined {
    const [stream, latest] = latestUnoffered() ?? [];
    if (stream === undefined || latest === undefined || latest.due <= due) return undefined;
    items.delete(stream);
    return latest.due;
  }

  /** The room that each queue has left, by its name. */
  function roomOfAll(): Map<string, number> {
    const room = new Map<string, number>();
    for (const { queue, offered } of items.values()) room.set(queue.name, roomIn(room, queue) - (offered ? 1 : 0));
    return room;
  }

  return {
    get size() {
      return items.size;
    },
    get crowded() {
      return crowded;
    },
    has: (stream) => items.has(stream),
    get: (stream) => items.get(stream),
    put: (stream, queue, due, { recorded = '', byDay = false } = {}) => {
      const full = items.size >= limit && !items.has(stream);
      const outside = full ? makeRoom(due) : Number.POSITIVE_INFINITY;
      if (outside === undefined) return due;
      items.set(stream, { queue, due, recorded, byDay, offered: false, refused: 0 });
      return outside;
    },
    delete: (stream) => {
      items.delete(stream);
    },
    clear: () => items.clear(),
    takeDue: (now, again) => {
      const room = roomOfAll();
      const all = [...items].filter(([, item]) => !item.offered && item.due <= now);
      const due = all.filter(([, { queue }]) => {
        const left = roomIn(room, queue);
        room.set(queue.name, left - 1);
        return left > 0;
      });
      crowded = due.length < all.length;
      for (const [, item] of due) Object.assign(item, { due: again, byDay: false, offered: true });
      return due;
    },
    takeOverdue: (now, again) => {
      const overdue = [...items].filter(([, item]) => item.offered && item.due <= now).toSorted(([, a], [, b]) => a.due - b.due);
      for (const [, item] of overdue) item.due = again;
      return overdue;
    },
    out: (queue) => {
      let out = 0;
      for (const item of items.values()) if (item.offered && item.queue.name === queue.name) out++;
      return out;
    },
    oldest: (now) => {
      let oldest: string | undefined;
      for (const { due, offered, recorded } of items.values())
        if ((offered || due <= now) && recorded && !(oldest && oldest <= recorded)) oldest = recorded;
      return oldest;
    },
    shift: (by) => {
      for (const item of items.values()) if (item.byDay) item.due += by;
    },
    earliest: () => {
      const room = roomOfAll();
      let earliest = Number.POSITIVE_INFINITY;
      for (const { due, queue, offered } of items.values()) if (offered || roomIn(room, queue) > 0) earliest = Math.min(earliest, due);
      return earliest;
    },
    isBusy: (now) => {
      let busy = 0;
      for (const { due, offered } of items.values()) if (offered || due <= now) busy++;
      return busy > limit / 2;
    },
  };
}

/** The offers that a queue may still be given. */
function roomIn(room: ReadonlyMap<string, number>, queue: WorkQueue): number {
  return room.get(queue.name) ?? Math.ceil(queue.limit / 2);
}
