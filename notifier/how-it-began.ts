/** How the stream of an event began: the first event says what stays so, as the site of an asset. */
import type { RecordedEvent } from '../contracts/message.ts';
import { BeginningGone, firstShown, isBeginning } from '../platform/event-store/beginning.ts';
import { type EventStore, StoreUnavailable } from '../platform/event-store/event-store.ts';

/**
 * The first event of an event's stream. Null where an operator of the event store deleted the stream, or truncated the event: nobody is to be told of it.
 * Errors: BeginningGone where the stream was truncated before the event; those of the store, StoreUnavailable also where it does not have the event yet.
 */
export async function howItBegan(store: Pick<EventStore, 'readStream' | 'head'>, event: RecordedEvent): Promise<RecordedEvent | null> {
  if (isBeginning(event)) return event;
  const first = await firstShown(store, event.stream);
  if (first && first.revision <= event.revision) {
    if (isBeginning(first)) return first;
    throw new BeginningGone(event.stream);
  }
  if (event.position > (await store.head())) throw new StoreUnavailable(`${event.stream} has no revision ${event.revision} yet`);
  return null;
}
