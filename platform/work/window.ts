/**
 * The dispatcher's window: the undecided items it knows, a bounded number of them. When it is full, what is due later gives way to
 * what is due sooner; what was offered stays, so that offers out are bounded too.
 */
import type { WorkQueue } from '../event-bus/queues.ts';

/** An undecided item. */
export interface Waiting {
  queue: WorkQueue;
  /** Milliseconds since 1970: not to be offered before. */
  due: number;
  /** Offered, and nothing heard of it since. */
  offered: boolean;
  /** How often in a row its queue took no offer of it. */
  refused: number;
}

export interface Window {
  readonly size: number;
  has(stream: string): boolean;
  get(stream: string): Waiting | undefined;
  /** Takes an item in, or anew. Answers when the one that is outside now is due, it or another that gave way to it; Infinity where none is. */
  put(stream: string, queue: WorkQueue, due: number): number;
  delete(stream: string): void;
  clear(): void;
  /** Items that are due by then, marked as offered and due again at `again`. */
  takeDue(now: number, again: number): [string, Waiting][];
  /** When the first one is due; Infinity when there is none. */
  earliest(): number;
  /** True where most of what it may hold is offered or due: there is no room to speak of. */
  isBusy(now: number): boolean;
}

/** Makes an empty one that holds at most `limit` items. */
export function openWindow(limit: number): Window {
  const items = new Map<string, Waiting>();

  function latestUnoffered(): [string, Waiting] | undefined {
    let latest: [string, Waiting] | undefined;
    for (const entry of items) if (!entry[1].offered && entry[1].due > (latest?.[1].due ?? 0)) latest = entry;
    return latest;
  }

  /** Puts the latest one out, where one is due later than this. Answers when that one is due. */
  function makeRoom(due: number): number | undefined {
    const [stream, latest] = latestUnoffered() ?? [];
    if (stream === undefined || latest === undefined || latest.due <= due) return undefined;
    items.delete(stream);
    return latest.due;
  }

  return {
    get size() {
      return items.size;
    },
    has: (stream) => items.has(stream),
    get: (stream) => items.get(stream),
    put: (stream, queue, due) => {
      const full = items.size >= limit && !items.has(stream);
      const outside = full ? makeRoom(due) : Number.POSITIVE_INFINITY;
      if (outside === undefined) return due;
      items.set(stream, { queue, due, offered: false, refused: 0 });
      return outside;
    },
    delete: (stream) => {
      items.delete(stream);
    },
    clear: () => items.clear(),
    takeDue: (now, again) => {
      const due = [...items].filter(([, item]) => item.due <= now);
      for (const [, item] of due) Object.assign(item, { due: again, offered: true });
      return due;
    },
    earliest: () => {
      let earliest = Number.POSITIVE_INFINITY;
      for (const { due } of items.values()) earliest = Math.min(earliest, due);
      return earliest;
    },
    isBusy: (now) => {
      let busy = 0;
      for (const { due, offered } of items.values()) if (offered || due <= now) busy++;
      return busy > limit / 2;
    },
  };
}
