/** The events of a stream that a query folds to answer: those that this release knows. */
import { isKnown, upcast } from '../../contracts/catalog.ts';
import type { RecordedEvent } from '../../contracts/message.ts';
import { isBeginning } from './beginning.ts';
import type { EventStore } from './event-store.ts';

/**
 * Reads the known events of a stream, in order and in their newest shape; what is unknown is passed (invariant 17). None where the stream's first
 * event is unknown, or was truncated, since what follows a beginning cannot be folded without it. Errors: those of the store.
 *
 *     for await (const event of knownEvents(store, `order-${id}`)) document = orders.evolve(document, event);
 */
export async function* knownEvents(store: Pick<EventStore, 'readStream'>, stream: string): AsyncGenerator<RecordedEvent> {
  let begun = false;
  for await (const page of store.readStream(stream)) {
    for (const event of page.filter(isKnown)) {
      begun ||= isBeginning(event);
      if (begun) yield upcast(event);
    }
  }
}
