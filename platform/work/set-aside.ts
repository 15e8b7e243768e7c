/**
 * Items that no worker can read: foreign or cut streams, events of a newer release, what the store refuses. A worker lists such an item once, where an
 * operator sees it (`_parked-<dispatcher>`), and lets its offer go; the dispatcher offers it again after pauses that grow, and takes it from the
 * list as soon as a worker has leased it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { absencesIn } from '../absences/absences.ts';
import type { EventStore } from '../event-store/event-store.ts';
import { openParking, type Parking } from '../followers/parking.ts';
import type { OfferWindow, Waiting } from './window.ts';

type Store = Pick<EventStore, 'readStream' | 'append'>;

export interface SetAsideOptions {
  store: Store;
  /** The dispatcher's name. */
  dispatcher: string;
  window: OfferWindow;
  /** Milliseconds of the first pause. */
  first: number;
  /** Has the dispatcher look at its window at a time of the monotonic clock. */
  wakeAt(time: number): void;
  log: { warn(data: object, message: string): void };
}

/** The dispatcher's side of the list. */
export interface SetAside {
  /** The number of listed items, when the list was last read. */
  readonly size: number;
  /** Reads the list anew. Errors: those of the store. */
  look(): Promise<void>;
  /** The time of the monotonic clock before which an item is not to be offered; undefined where there is none. */
  until(stream: string): number | undefined;
  /** Puts off, longer each time, what no worker could read of the items that were offered and not taken up; resolves to the others. */
  withoutUnread(overdue: readonly [string, Waiting][]): Promise<[string, Waiting][]>;
  /** Takes an item from the list, since a worker has read it. */
  wasRead(stream: string): void;
  /** True for an item that an operator discarded, and nobody has leased since. */
  isDiscarded(stream: string): boolean;
  /** As Dispatcher.release. */
  release(stream: string, discard: boolean): Promise<boolean>;
}

/** Times the first pause that a pause is at most: about an hour. */
const LONGEST = 64;
/** Milliseconds between two looks at the list for an operator who waits, and those that one waits. */
const LOOK = 200;
const RELEASE_PATIENCE = 15_000;

/** Lists an item that could not be read, with the reason; false where it is listed already. Errors: those of the store. */
export async function setAside(store: Store, dispatcher: string, stream: string, error: unknown): Promise<boolean> {
  return (await openParking(store, dispatcher)).parkUnread(stream, error);
}

/** Opens the list of a dispatcher. */
export function openSetAside({ store, dispatcher, window, first, wakeAt, log }: SetAsideOptions): SetAside {
  let parking: Parking | undefined;
  const pauses = new Map<string, { pause: number; until: number }>();
  /** The streams of which an operator waits to hear whether a worker takes them up. */
  const awaited = new Map<string, () => void>();
  const discarded = new Set<string>();
  const isListed = (stream: string) => parking?.isParked(stream) ?? false;

  async function look(): Promise<void> {
    parking = await openParking(store, dispatcher);
    for (const stream of pauses.keys()) if (!isListed(stream)) pauses.delete(stream);
  }

  function say(error: unknown, what: string): void {
    if (!absencesIn(log).failed(error)) log.warn({ err: error, dispatcher }, what);
  }

  function nextPause(stream: string): number {
    const pause = Math.min(2 * (pauses.get(stream)?.pause ?? first / 2), LONGEST * first);
    pauses.set(stream, { pause, until: performance.now() + pause });
    return pause;
  }

  function offerIn(item: Waiting, milliseconds: number): void {
    Object.assign(item, { due: performance.now() + milliseconds, offered: false });
    wakeAt(item.due);
  }

  function forget(stream: string): void {
    discarded.add(stream);
    window.delete(stream);
  }

  async function drop(stream: string): Promise<void> {
    pauses.delete(stream);
    await parking?.drop(stream);
  }

  /** Offers an item now, and waits until it is taken up; no longer than an operator may wait. Rejects where it is listed again meanwhile. */
  async function takenUp(stream: string, item: Waiting): Promise<void> {
    const taken = new AbortController();
    const enough = AbortSignal.any([taken.signal, AbortSignal.timeout(RELEASE_PATIENCE)]);
    awaited.set(stream, () => taken.abort());
    offerIn(item, 0);
    try {
      while (!enough.aborted) await notListed(stream, enough);
    } finally {
      awaited.delete(stream);
    }
  }

  async function notListed(stream: string, signal: AbortSignal): Promise<void> {
    await delay(LOOK, undefined, { signal }).catch(() => {});
    await look();
    const again = parking?.list().find((one) => one.stream === stream);
    if (again) throw new Error(again.error);
  }

  return {
    get size() {
      return parking?.list().length ?? 0;
    },
    look,
    until: (stream) => pauses.get(stream)?.until,
    withoutUnread: async (overdue) => {
      await look().catch((error) => say(error, 'the items that cannot be read are not known'));
      const [unread, others] = [overdue.filter(([stream]) => isListed(stream)), overdue.filter(([stream]) => !isListed(stream))];
      for (const [stream, item] of unread) if (window.get(stream) === item) offerIn(item, nextPause(stream));
      return others;
    },
    wasRead: (stream) => {
      awaited.get(stream)?.();
      discarded.delete(stream);
      if (isListed(stream)) drop(stream).catch((error) => say(error, 'an item that can be read again stays on the list of those that cannot'));
    },
    isDiscarded: (stream) => discarded.has(stream),
    release: async (stream, discard) => {
      await look();
      if (!isListed(stream)) return false;
      const item = window.get(stream);
      // Where nobody hears whether it was taken from the list, a repeat may not find it there: it is forgotten, or offered, all the same.
      if (discard) forget(stream);
      else discarded.delete(stream);
      await drop(stream).catch((error: unknown) => {
        if (!discard && item) offerIn(item, 0);
        throw error;
      });
      if (!discard && item) await takenUp(stream, item);
      return true;
    },
  };
}
