/** An append that is done once, however often and by however many processes it is tried. */
import { type NewEvent, NO_STREAM } from '../../contracts/message.ts';
import { type Appended, type EventStore, WrongExpectedRevision } from './event-store.ts';

/**
 * Begins a stream with these events, unless it has begun already: then nothing is recorded, and the answer is null. For streams whose name
 * follows from their subject, so that the second to come finds it recorded.
 *
 *     await appendOnce(store, `timer-${stableId(subject, kind, time)}`, [fired]);
 *
 * Errors: those of `append`, but for WrongExpectedRevision.
 */
export async function appendOnce(store: Pick<EventStore, 'append'>, stream: string, events: readonly NewEvent[]): Promise<Appended | null> {
  try {
    return await store.append(stream, NO_STREAM, events);
  } catch (error) {
    if (error instanceof WrongExpectedRevision) return null;
    throw error;
  }
}
