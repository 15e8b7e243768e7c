/** The last reservation of a unique value, and what an operator of the event store took away before it. */
import { NO_STREAM, type RecordedEvent } from '../contracts/message.ts';
import { type EventStore, StreamGone } from '../platform/event-store/event-store.ts';

export interface LastReservation {
  /** The stream of the value's reservations. */
  name: string;
  /** The stream of the aggregate that it names; undefined for none. */
  owner: string | undefined;
  revision: number;
  /** The revision of the owner's stream at which its command was to append; missing where the reservation does not say. */
  reservedAt?: number | undefined;
  /** The reservations before it that should be there and are not: somebody may hold the value who is not named. */
  lacks: 'nothing' | 'some' | 'all';
}

/** Reads the last reservation; `kept`: the number of them that a stream keeps, at least 2. Errors: those of the store; StreamGone for a tombstone. */
export async function lastReservation(store: Pick<EventStore, 'readStream'>, name: string, kept: number): Promise<LastReservation> {
  const shown = await lastEvents(store, name, kept);
  if (!shown) return { name, owner: undefined, revision: NO_STREAM, lacks: 'all' };
  const [last] = shown;
  const revision = last?.revision ?? NO_STREAM;
  // One alone of a later revision: the stream was deleted softly and begun again, or truncated.
  const isWhole = revision <= 0 || shown.length >= 2;
  const { at } = (last?.data ?? {}) as { at?: number };
  return { name, owner: ownerOf(last), revision, reservedAt: at, lacks: isWhole ? 'nothing' : 'some' };
}

/** The stream that a reservation names. */
export function ownerOf(reservation: RecordedEvent | undefined): string | undefined {
  return (reservation?.data as { stream: string } | undefined)?.stream;
}

/** The last events of a stream, the last one first; null where all are truncated. */
async function lastEvents(store: Pick<EventStore, 'readStream'>, stream: string, limit: number): Promise<RecordedEvent[] | null> {
  const shown: RecordedEvent[] = [];
  try {
    for await (const page of store.readStream(stream, { direction: 'backwards', limit, tellGone: true })) shown.push(...page);
    return shown;
  } catch (error) {
    if (error instanceof StreamGone && error.how === 'hidden') return null;
    throw error;
  }
}
