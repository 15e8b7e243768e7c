/** Events that cannot be folded because their stream has no beginning that is known: they are passed, and park nothing. */
import { isKnown } from '../contracts/catalog.ts';
import { firstShown, isBeginning } from '../platform/event-store/beginning.ts';
import type { EventStore } from '../platform/event-store/event-store.ts';
import type { Poison } from './fold.ts';
import { OutOfPlace } from './projector.ts';

/**
 * True where an event was out of place because an operator of the event store deleted its stream or truncated its beginning, or because the stream
 * begins with an event that this release does not know. No operator could put that right by a release of the stream. Errors: those of the store.
 */
export async function isWithoutBeginning({ event, error }: Poison, store: Pick<EventStore, 'readStream'>): Promise<boolean> {
  if (!(error instanceof OutOfPlace)) return false;
  const first = await firstShown(store, event.stream);
  return !first || !isBeginning(first) || !isKnown(first);
}
