/**
 * Unique values: reserved first, on `_<kind>-<HMAC of the value>` (invariant 15). The last event of that stream names the aggregate that may take it.
 *
 * Two aggregates never hold one value. A command that wants it appends its reservation at the exact revision it read, after it made sure that the
 * aggregate with the last reservation neither holds the value nor can still take it: it closes that aggregate's stream with an event at the revision
 * that it loaded, and looks again where this append loses a race. Every try of a command reserves anew, also over its own old reservation, before it
 * appends at the revision that it loaded earlier: so one of the two exact revisions always notices a reservation overtaken meanwhile.
 */
import { type Metadata, type NewEvent, NO_STREAM, type RecordedEvent } from '../contracts/message.ts';
import { ProblemError } from '../contracts/problem.ts';
import type { Loaded, UniqueValue } from '../platform/command-handler.ts';
import { type EventStore, WrongExpectedRevision } from '../platform/event-store/event-store.ts';
import { stableId } from '../platform/stable-id.ts';
import type { AnyDecider } from './decider.ts';
import { refuseIncomplete } from './incomplete.ts';

export interface Reservations {
  /** Reserves a value for a stream's aggregate. Rejects with ProblemError `conflict` where another one holds it. */
  reserve(value: UniqueValue, stream: string, commandId: string): Promise<void>;
  /**
   * Reserves every held value anew, where the names of reservations are made with another key than before (the secrets were lost): otherwise nobody
   * would be found by their address, and every address would be free. Reads the whole log then, and only then. Resolves to the number of values.
   */
  reserveAnew(): Promise<number>;
  /** The stream of the aggregate that holds a value, or null. */
  holder(value: UniqueValue): Promise<string | null>;
}

interface ReservationContext {
  store: EventStore;
  deciderOf(stream: string): AnyDecider;
  /** True for streams of a kind that has unique values. */
  hasUnique(stream: string): boolean;
  load(stream: string): Promise<Loaded<unknown>>;
  /** Closes the stream of an aggregate that reserved the value, at the loaded revision. Rejects with WrongExpectedRevision. */
  close(stream: string, loaded: Loaded<unknown>, causationId: string): Promise<void>;
  hmac(text: string): string;
}

const TRIES = 10;
/** The stream that keeps a hash of the key with which the names of reservations are made. */
const KEY = '_reservations';

export function reservations({ store, deciderOf, hasUnique, load, close, hmac }: ReservationContext): Reservations {
  const nameOf = ({ kind, value }: UniqueValue) => `_${kind}-${hmac(`${kind}:${value}`)}`;

  async function last(name: string): Promise<RecordedEvent | undefined> {
    for await (const [event] of store.readStream(name, { direction: 'backwards', limit: 1 })) return event;
    return undefined;
  }

  const ownerOf = (event: RecordedEvent | undefined) => (event?.data as { stream: string } | undefined)?.stream;

  async function holder(value: UniqueValue): Promise<string | null> {
    const stream = ownerOf(await last(nameOf(value)));
    if (!stream) return null;
    const { state } = await load(stream);
    return holds(deciderOf(stream), state, value) ? stream : null;
  }

  /** Closes the stream, so that its reservation is void; false after a lost race. Rejects with ProblemError `conflict` where it holds the value. */
  async function excluded(stream: string, value: UniqueValue, commandId: string): Promise<boolean> {
    const loaded = await load(stream);
    // Who holds the value is told by all events, and one of them is not known: it is not taken away.
    refuseIncomplete(loaded);
    if (holds(deciderOf(stream), loaded.state, value)) {
      const pointer = `/${value.kind}`;
      throw new ProblemError('conflict', `This ${value.kind} is in use already.`, { errors: [{ pointer, detail: 'is in use already' }] });
    }
    return won(close(stream, loaded, commandId));
  }

  async function attempt(value: UniqueValue, stream: string, commandId: string): Promise<boolean> {
    const name = nameOf(value);
    const before = await last(name);
    const owner = ownerOf(before);
    if (owner && owner !== stream && !(await excluded(owner, value, commandId))) return false;
    const revision = before?.revision ?? NO_STREAM;
    const id = stableId(name, String(revision), stream, commandId);
    const reserved = bookkeeping(id, commandId, 'ValueReserved', { stream });
    return won(store.append(name, revision, [reserved], { keep: 2 }));
  }

  async function reserve(value: UniqueValue, stream: string, commandId: string): Promise<void> {
    for (let n = 0; n < TRIES; n++) if (await attempt(value, stream, commandId)) return;
    throw new ProblemError('conflict', `Many want this ${value.kind} at once. Try again.`, { headers: { 'Retry-After': '1' } });
  }

  async function reserveAnew(): Promise<number> {
    const before = await last(KEY);
    const key = hmac('reservations');
    if ((before?.data as { key: string } | undefined)?.key === key) return 0;
    let count = 0;
    for (const stream of await streamsThatHold()) {
      const value = deciderOf(stream).holds?.((await load(stream)).state);
      if (!value) continue;
      await reserve(value, stream, stableId('reserve anew', key, stream));
      count++;
    }
    const revision = before?.revision ?? NO_STREAM;
    await won(store.append(KEY, revision, [bookkeeping(stableId(KEY, key, String(revision)), key, 'KeyTaken', { key })], { keep: 2 }));
    return count;
  }

  async function streamsThatHold(): Promise<Set<string>> {
    const streams = new Set<string>();
    for await (const page of store.readAll()) {
      const begun = page.filter(({ stream, revision }) => revision === 0 && hasUnique(stream));
      for (const { stream } of begun) streams.add(stream);
    }
    return streams;
  }

  return {
    holder,
    reserve,
    reserveAnew,
  };
}

function bookkeeping(id: string, commandId: string, type: string, data: unknown): NewEvent {
  const metadata: Metadata = { $correlationId: commandId, $causationId: commandId, commandId, actor: 'system', schema: 1, topics: [] };
  return { id, type, data, metadata };
}

function holds(decider: AnyDecider, state: unknown, { kind, value }: UniqueValue): boolean {
  const held = decider.holds?.(state);
  return held?.kind === kind && held.value === value;
}

/** Resolves to false where somebody else appended first. */
async function won(append: Promise<unknown>): Promise<boolean> {
  try {
    await append;
    return true;
  } catch (error) {
    if (error instanceof WrongExpectedRevision) return false;
    throw error;
  }
}
