/**
 * Parked streams (invariant 10): an event that a follower cannot digest parks its stream for that follower. The record is written
 * before the checkpoint; later events of the stream wait behind it, in the store; all other streams go on.
 */
import { randomUUID } from 'node:crypto';
import { NO_STREAM, type Position, type RecordedEvent } from '../../contracts/message.ts';
import { type EventStore, WrongExpectedRevision } from '../event-store/event-store.ts';
import { metadata } from './checkpoint-stream.ts';

/** A stream that waits, and why. */
export interface Parked {
  stream: string;
  /** The event that could not be digested. */
  position: Position;
  eventId: string;
  revision: number;
  type: string;
  /** What it failed with, at most 1,000 characters. */
  error: string;
  /** When it was parked: ISO 8601, UTC. */
  time: string;
}

/** For one follower, and in its own process: what it skips is known here. */
export interface Parking {
  isParked(stream: string): boolean;
  /** True for an event that waits: the parked one of its stream, or one behind it. Remembers that the follower was past it. */
  waits(event: RecordedEvent): boolean;
  /** Parks an event's stream; durable when it resolves. A stream that is parked already stays as it is. */
  park(event: RecordedEvent, error: unknown): Promise<void>;
  list(): Parked[];
  /**
   * Works a stream off: hands every event from the parked one on (with `skip`, from the one after it) to `handle`, in order, up to the
   * stream's end, so past where the follower is; it may meet the last ones again, so handling one twice must change nothing. Then the stream is no longer parked.
   * Rejects with what `handle` failed with; the stream then waits at that event. False where it was not parked.
   */
  release(stream: string, handle: (event: RecordedEvent) => Promise<void>, skip?: boolean): Promise<boolean>;
  /** Takes out every stream but these without working them off (for a projection, which is rebuilt). */
  clear(except?: readonly string[]): Promise<void>;
  /** Applies a pure function to each event that does not wait; where it throws, the stream is parked. */
  applyOrPark<T>(events: readonly RecordedEvent[], pure: (event: RecordedEvent) => T): Promise<{ event: RecordedEvent; result: T }[]>;
}

/** Streams parked at once for one follower: more is no poison but a fault of the follower, which then stops at its checkpoint. */
const MOST = 10_000;
const ERROR_LENGTH = 1_000;

/** A parked stream while this process runs. */
interface Place {
  record: Parked;
  /** Revision of the last event the follower skipped; -1 when none. */
  skipped: number;
  /** Revision from which on the follower takes the stream's events itself: the release is all but recorded. */
  open: number;
  releasing: boolean;
}

type Entry = { type: 'StreamParked'; data: Parked } | { type: 'StreamReleased'; data: { stream: string } };

/** Reads what is parked for a follower, on `_parked-<follower>`. */
export async function openParking(store: EventStore, follower: string): Promise<Parking> {
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
    else if (place) place.record = data;
    else places.set(data.stream, { record: data, skipped: -1, open: Number.POSITIVE_INFINITY, releasing: false });
  }

  /** Someone else may have written here meanwhile: then that is read first. The last one out leaves nothing behind. */
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

  async function park(event: RecordedEvent, error: unknown): Promise<void> {
    if (places.has(event.stream)) return;
    if (places.size >= MOST) throw new Error(`${follower} has parked ${MOST} streams: it is at fault, not they`, { cause: error });
    await record({ type: 'StreamParked', data: parkedBy(event, error) });
  }

  function waits({ stream, revision: at }: RecordedEvent): boolean {
    const place = places.get(stream);
    // One before the parked event comes again after a crash: its effect may not have been recorded yet.
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
      place.releasing = false;
      place.open = Number.POSITIVE_INFINITY;
    }
  }

  /** Hands over until nothing was skipped meanwhile. Between that last look and opening the place nothing else runs. */
  async function workOff(place: Place, skip: boolean, handle: (event: RecordedEvent) => Promise<void>): Promise<void> {
    let next = await handOverFrom(place, place.record.revision + (skip ? 1 : 0), handle);
    while (place.skipped >= next) next = await handOverFrom(place, next, handle);
    place.open = next;
  }

  /** Answers the revision after the last event handed over. */
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

  /** What fails again is where the stream waits from now on. */
  async function handOver(event: RecordedEvent, handle: (event: RecordedEvent) => Promise<void>): Promise<void> {
    try {
      await handle(event);
    } catch (error) {
      await record({ type: 'StreamParked', data: parkedBy(event, error) });
      throw error;
    }
  }

  return {
    isParked: (stream) => places.has(stream),
    waits,
    park,
    list: () => [...places.values()].map((place) => place.record),
    release,
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

function parkedBy({ stream, position, id, revision, type }: RecordedEvent, error: unknown): Parked {
  const reason = error instanceof Error ? error.message : String(error);
  return { stream, position, eventId: id, revision, type, error: reason.slice(0, ERROR_LENGTH), time: new Date().toISOString() };
}
