/**
 * Parked streams (invariant 10): an event that a follower cannot digest parks its stream for that follower. The record is written
 * before the checkpoint; later events of the stream wait behind it, in the store; all other streams go on.
 */
import { randomUUID } from 'node:crypto';
import { type EventShape, UnknownEvent } from '../../contracts/catalog.ts';
import { NO_STREAM, type Position, type RecordedEvent } from '../../contracts/message.ts';
import { type EventStore, WrongExpectedRevision } from '../event-store/event-store.ts';
import { metadata } from './checkpoint-stream.ts';

/** The record of a stream that waits, with the reason. Where it could not be read at all, `position`, `eventId` and `type` are empty, `revision` is -1. */
export interface Parked {
  stream: string;
  /** Position of the event that could not be digested. */
  position: Position;
  eventId: string;
  revision: number;
  type: string;
  /** The message of the error, at most 1,000 characters. */
  error: string;
  /** The time of parking: ISO 8601, UTC. */
  time: string;
  /** The event that the release which parked the stream did not know, where that was the reason: a release that knows it works the stream off by itself. */
  unknown?: EventShape;
}

/** The parked streams of one follower, in the process that follows: it keeps in memory which events were skipped. */
export interface Parking {
  isParked(stream: string): boolean;
  /** True for an event that waits: the parked one of its stream, or one behind it. Remembers that the follower skipped it. */
  waits(event: RecordedEvent): boolean;
  /** Parks an event's stream; durable when it resolves. A stream that is parked already stays as it is. */
  park(event: RecordedEvent, error: unknown): Promise<void>;
  /** Parks a stream of which not even an event could be read; false where it is parked already. */
  parkUnread(stream: string, error: unknown): Promise<boolean>;
  list(): Parked[];
  /**
   * Works a stream off: hands every event from the parked one on (with `skip`, from the one after it) to `handle`, in order, up to the stream's
   * end. That may be past the follower's place, and the follower meet the last ones again, so handling an event twice must change nothing. Then the
   * stream is no longer parked. Rejects with the error of `handle`; the stream then waits at that event. Rejects with that of the store where it is not
   * known whether the release was recorded: the follower goes on with the stream, which may be listed, and be released again. False where it was not parked.
   */
  release(stream: string, handle: (event: RecordedEvent) => Promise<void>, skip?: boolean): Promise<boolean>;
  /** Forgets a parked stream that was deleted; changes nothing for any other. */
  drop(stream: string): Promise<void>;
  /** Forgets all parked streams but these without working them off (for a projection, which is rebuilt). */
  clear(except?: readonly string[]): Promise<void>;
  /** The results of a pure function for each event that does not wait; where the function throws, the event's stream is parked. */
  applyOrPark<T>(events: readonly RecordedEvent[], pure: (event: RecordedEvent) => T): Promise<{ event: RecordedEvent; result: T }[]>;
}

/** Streams parked at once for one follower, at most: with more, the follower itself must be at fault, and stops at its checkpoint. */
const MOST = 10_000;
const ERROR_LENGTH = 1_000;

/** A parked stream while this process runs. */
interface Place {
  record: Parked;
  /** Revision of the last event that the follower skipped; -1 when none. */
  skipped: number;
  /** Revision from which on the follower takes the stream's events itself, once all before were handed over, and the release is being recorded, or may be; else Infinity. */
  open: number;
  releasing: boolean;
}

type Entry = { type: 'StreamParked'; data: Parked } | { type: 'StreamReleased'; data: { stream: string } };

/** Reads the parked streams of a follower, from `_parked-<follower>`. */
export async function openParking(store: Pick<EventStore, 'readStream' | 'append'>, follower: string): Promise<Parking> {
  const log = `_parked-${follower}`;
  const places = new Map<string, Place>();
  let revision = NO_STREAM;
  await readOn();

  async function readOn(): Promise<void> {
    for await (const page of store.readStream(log, { from: revision + 1 })) {
      for (const event of page) {
        take(event as unknown as Entry);
        revision = event.revision;
      }
    }
  }

  function take({ type, data }: Entry): void {
    const place = places.get(data.stream);
    if (type === 'StreamReleased') places.delete(data.stream);
    else if (place) Object.assign(place, { record: data, open: Number.POSITIVE_INFINITY });
    else places.set(data.stream, { record: data, skipped: -1, open: Number.POSITIVE_INFINITY, releasing: false });
  }

  /** Records an entry, after reading whatever another process wrote meanwhile. With the last stream's release, the earlier entries go. */
  async function record(entry: Entry): Promise<void> {
    const isLast = entry.type === 'StreamReleased' && places.size === 1 && places.has(entry.data.stream);
    try {
      const event = { id: randomUUID(), ...entry, metadata: metadata(log) };
      const appended = await store.append(log, revision, [event], isLast ? { keep: 1 } : {});
      revision = appended.revision;
      take(entry);
    } catch (error) {
      if (!(error instanceof WrongExpectedRevision)) throw error;
      await readOn();
      await record(entry);
    }
  }

  /** Records that a stream waits; false where it does so already. */
  async function park(event: Pick<RecordedEvent, 'stream' | keyof typeof UNREAD>, error: unknown): Promise<boolean> {
    // From where it is open, the stream is the follower's, as if it were not parked.
    if (event.revision < (places.get(event.stream)?.open ?? Number.NEGATIVE_INFINITY)) return false;
    if (places.size >= MOST) throw new Error(`${follower} has parked ${MOST} streams: it is at fault, not they`, { cause: error });
    await record({ type: 'StreamParked', data: parkedBy(event, error) });
    return true;
  }

  function waits({ stream, revision: at }: RecordedEvent): boolean {
    const place = places.get(stream);
    // An event before the parked one comes again after a crash: its effect may not have been recorded yet.
    if (!place || at < place.record.revision || at >= place.open) return false;
    place.skipped = Math.max(place.skipped, at);
    return true;
  }

  async function release(stream: string, handle: (event: RecordedEvent) => Promise<void>, skip = false): Promise<boolean> {
    const place = places.get(stream);
    if (!place) return false;
    if (place.releasing) throw new Error(`${stream} is being released already`);
    place.releasing = true;
    try {
      await workOff(place, skip, handle);
      await record({ type: 'StreamReleased', data: { stream } });
      return true;
    } finally {
      // Where the release was recorded and nobody heard of it, a stream that waited on would lose what comes now: it is open from here on.
      place.releasing = false;
    }
  }

  /**
   * Hands events over until none was skipped meanwhile. Between the last look and opening the place nothing else runs. What was skipped and is not
   * there any more, an operator of the event store took away.
   */
  async function workOff(place: Place, skip: boolean, handle: (event: RecordedEvent) => Promise<void>): Promise<void> {
    let next = place.record.revision + (skip ? 1 : 0);
    do {
      const upTo = place.skipped;
      next = Math.max(await handOverFrom(place, next, handle), upTo + 1);
    } while (place.skipped >= next);
    place.open = next;
  }

  /** Hands over the stream's events from a revision on; answers the revision after the last one. */
  async function handOverFrom(place: Place, from: number, handle: (event: RecordedEvent) => Promise<void>): Promise<number> {
    let next = from;
    for await (const page of store.readStream(place.record.stream, { from })) {
      for (const event of page) {
        await handOver(event, handle);
        next = event.revision + 1;
      }
    }
    return next;
  }

  /** Records where a stream waits now. That it waits for a release that knows an event stays noted, however often working it off fails meanwhile. */
  async function parkAgain(now: Parked): Promise<void> {
    const before = places.get(now.stream)?.record;
    const { unknown = before?.unknown } = now;
    const isSame = before?.revision === now.revision && before.error === now.error;
    if (!isSame) await record({ type: 'StreamParked', data: { ...now, ...(unknown ? { unknown } : {}) } });
  }

  /** Hands one event over; where that fails, the stream waits at this event from now on. */
  async function handOver(event: RecordedEvent, handle: (event: RecordedEvent) => Promise<void>): Promise<void> {
    try {
      await handle(event);
    } catch (error) {
      await parkAgain(parkedBy(event, error));
      throw error;
    }
  }

  return {
    isParked: (stream) => places.has(stream),
    waits,
    park: async (event, error) => {
      await park(event, error);
    },
    parkUnread: (stream, error) => park({ stream, ...UNREAD }, error),
    list: () => [...places.values()].map((place) => place.record),
    release,
    drop: async (stream) => {
      if (places.has(stream)) await record({ type: 'StreamReleased', data: { stream } });
    },
    clear: async (except = []) => {
      for (const stream of [...places.keys()].filter((one) => !except.includes(one))) await record({ type: 'StreamReleased', data: { stream } });
    },
    applyOrPark: async (events, pure) => {
      const results = [];
      for (const event of events) {
        if (waits(event)) continue;
        try {
          results.push({ event, result: pure(event) });
        } catch (error) {
          await park(event, error);
        }
      }
      return results;
    },
  };
}

/** The event of a stream of which none could be read. */
const UNREAD = { position: '', id: '', revision: -1, type: '' };

function parkedBy({ stream, position, id, revision, type }: Pick<RecordedEvent, 'stream' | keyof typeof UNREAD>, error: unknown): Parked {
  const reason = error instanceof Error ? error.message : String(error);
  const unknown = error instanceof UnknownEvent ? { unknown: error.shape } : {};
  return { stream, position, eventId: id, revision, type, error: reason.slice(0, ERROR_LENGTH), time: new Date().toISOString(), ...unknown };
}
