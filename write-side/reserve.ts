/**
 * Unique values: reserved first, on `_<kind>-<HMAC of the value>` (invariant 15). The last event of that stream names the aggregate that may take it.
 *
 * Two aggregates never hold one value. A command that wants it appends its reservation at the exact revision it read, after it made sure that the
 * aggregate with the last reservation neither holds the value nor can still take it: it closes that aggregate's stream with an event at the revision
 * that it loaded, and looks again where this append loses a race. Every try of a command reserves anew, also over its own old reservation, before it
 * appends at the revision that it loaded earlier: so one of the two exact revisions always notices a reservation overtaken meanwhile.
 *
 * An operator of the event store may delete or truncate what no event of ours can: the stream of an aggregate, which then holds nothing; and that of a
 * reservation, which then names nobody: who comes next looks the value's holder up in the whole log.
 */
import { type Metadata, type NewEvent, NO_STREAM, type RecordedEvent } from '../contracts/message.ts';
import { ProblemError } from '../contracts/problem.ts';
import type { Loaded, UniqueValue } from '../platform/command-handler.ts';
import { BeginningGone, isBeginning } from '../platform/event-store/beginning.ts';
import { type EventStore, WrongExpectedRevision } from '../platform/event-store/event-store.ts';
import { refuseIncomplete } from '../platform/incomplete.ts';
import { stableId } from '../platform/stable-id.ts';
import type { AnyDecider } from './decider.ts';
import { type LastReservation, lastReservation, ownerOf } from './last-reservation.ts';

export interface Reservations {
  /** Reserves a value for who claims it. Rejects with ProblemError `conflict` where another one holds it. */
  reserve(value: UniqueValue, claimant: Claimant): Promise<void>;
  /**
   * Reserves every held value anew, where the names of reservations are made with another key than before (the secrets were lost): otherwise nobody
   * would be found by their address, and every address would be free. Reads the whole log then, and only then. Resolves to the number of values.
   */
  reserveAnew(): Promise<number>;
  /** The stream of the aggregate that holds a value, or null. */
  holder(value: UniqueValue): Promise<string | null>;
}

/** Who claims a value: an aggregate's stream, by a command. */
export interface Claimant {
  stream: string;
  commandId: string;
  /** The revision at which the command will append: once the stream is past it, the reservation is void. Missing: not known. */
  revision?: number;
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
/** Reservations of a value that are kept: two, so that one alone of a later revision shows that others were taken away. */
const KEPT = 2;
/** The stream that keeps a hash of the key with which the names of reservations are made. */
const KEY = '_reservations';

export function reservations({ store, deciderOf, hasUnique, load, close, hmac }: ReservationContext): Reservations {
  const nameOf = ({ kind, value }: UniqueValue) => `_${kind}-${hmac(`${kind}:${value}`)}`;
  const earlierNames = ({ kind, before = [] }: UniqueValue) => before.map((value) => nameOf({ kind, value }));

  async function last(name: string): Promise<RecordedEvent | undefined> {
    for await (const [event] of store.readStream(name, { direction: 'backwards', limit: 1 })) return event;
    return undefined;
  }

  async function holder(value: UniqueValue): Promise<string | null> {
    for (const name of [nameOf(value), ...earlierNames(value)]) {
      const stream = ownerOf(await last(name));
      if (stream && holds(deciderOf(stream), (await load(stream)).state, value)) return stream;
    }
    return null;
  }

  /** The owners that reservations of earlier releases name, under other texts of the value. */
  async function earlierOwners(value: UniqueValue): Promise<(string | undefined)[]> {
    return (await Promise.all(earlierNames(value).map(last))).map(ownerOf);
  }

  /** The stream of the aggregate that holds a value, from the whole log. */
  async function heldBy(value: UniqueValue): Promise<string | undefined> {
    for (const stream of await streamsThatHold()) if (holds(deciderOf(stream), (await load(stream)).state, value)) return stream;
    return undefined;
  }

  /** Closes the stream, so that its reservation is void; false after a lost race. Rejects with ProblemError `conflict` where it holds the value. */
  async function excluded(stream: string, value: UniqueValue, commandId: string, reservedAt?: number): Promise<boolean> {
    const loaded = await load(stream);
    // Who holds the value is told by all events, and one of them is not known, or gone: it is not taken away.
    if (loaded.missing instanceof BeginningGone) throw inUse(value, 'may be in use: its owner’s events were truncated');
    refuseIncomplete(loaded);
    const isHeld = holds(deciderOf(stream), loaded.state, value);
    if (isHeld && !value.takesOver) throw inUse(value);
    if (!isHeld && reservedAt !== undefined && loaded.revision > reservedAt) return true;
    return won(close(stream, loaded, commandId));
  }

  /** Names a stream in the last reservation; false after a lost race, and where the stream of reservations turns out to have been deleted. */
  async function named(claimant: Claimant, { name, revision, lacks }: LastReservation): Promise<boolean> {
    const { stream, commandId, revision: at } = claimant;
    const id = stableId(name, String(revision), stream, commandId);
    const reserved = bookkeeping(id, commandId, 'ValueReserved', { stream, ...(at === undefined ? {} : { at }) });
    const append = (expected: number) => store.append(name, expected, [reserved], { keep: KEPT });
    if (lacks !== 'all') return won(append(revision), (appended) => appended.revision === revision + 1);
    // Where all is hidden, only a refusal says at which revision the stream is.
    return won(append(revision).catch((error: unknown) => append(error instanceof WrongExpectedRevision ? error.actual : revision)));
  }

  async function attempt(value: UniqueValue, claimant: Claimant): Promise<boolean> {
    const { stream, commandId } = claimant;
    const at = await lastReservation(store, nameOf(value), KEPT);
    if (at.lacks !== 'nothing') return restored(at, value, claimant);
    const owners = [at, ...(await earlierOwners(value)).map((owner) => ({ owner, reservedAt: undefined }))];
    for (const { owner, reservedAt } of owners) if (owner && owner !== stream && !(await excluded(owner, value, commandId, reservedAt))) return false;
    return named(claimant, at);
  }

  /** Reserves a value whose earlier reservations an operator took away: for the aggregate that holds it, which nobody could log in to otherwise. */
  async function restored(at: LastReservation, value: UniqueValue, { stream, commandId }: Claimant): Promise<boolean> {
    const owner = (await heldBy(value)) ?? at.owner ?? stream;
    const isNamed = await named({ stream: owner, commandId }, at);
    if (owner === stream) return isNamed;
    await excluded(owner, value, commandId);
    return false;
  }

  async function reserve(value: UniqueValue, claimant: Claimant): Promise<void> {
    for (let n = 0; n < TRIES; n++) if (await attempt(value, claimant)) return;
    throw new ProblemError('conflict', `Many want this ${value.called ?? value.kind} at once. Try again.`, { headers: { 'Retry-After': '1' } });
  }

  async function reserveAnew(): Promise<number> {
    const before = await last(KEY);
    const key = hmac('reservations');
    if ((before?.data as { key: string } | undefined)?.key === key) return 0;
    let count = 0;
    for (const stream of await streamsThatHold()) {
      const values = held(deciderOf(stream), (await load(stream)).state);
      for (const value of values) await reserve(value, { stream, commandId: stableId('reserve anew', key, stream) });
      count += values.length;
    }
    const revision = before?.revision ?? NO_STREAM;
    await won(store.append(KEY, revision, [bookkeeping(stableId(KEY, key, String(revision)), key, 'KeyTaken', { key })], { keep: KEPT }));
    return count;
  }

  async function streamsThatHold(): Promise<Set<string>> {
    const streams = new Set<string>();
    for await (const page of store.readAll()) {
      for (const { stream } of page.filter((event) => isBeginning(event) && hasUnique(event.stream))) streams.add(stream);
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
  return held(decider, state).some((one) => one.kind === kind && one.value === value);
}

/** The unique values that an aggregate in this state has. */
function held(decider: AnyDecider, state: unknown): readonly UniqueValue[] {
  return [decider.holds?.(state) ?? []].flat();
}

function inUse({ kind, field = kind, called = kind }: UniqueValue, detail = 'is in use already'): ProblemError {
  return new ProblemError('conflict', `This ${called} ${detail}.`, { errors: [{ pointer: `/${field}`, detail }] });
}

/** Resolves to false where somebody else appended first, or `isWon` says so. */
async function won<T>(append: Promise<T>, isWon: (appended: T) => boolean = () => true): Promise<boolean> {
  try {
    return isWon(await append);
  } catch (error) {
    if (error instanceof WrongExpectedRevision) return false;
    throw error;
  }
}
