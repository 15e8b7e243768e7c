/** Streams whose beginning an operator of the event store truncated: what follows means nothing without it. */
import { begins } from '../../contracts/catalog.ts';
import type { RecordedEvent } from '../../contracts/message.ts';
import type { EventStore } from './event-store.ts';

/** The first events of a stream are not in the event store any more. */
export class BeginningGone extends Error {
  override readonly name = 'BeginningGone';
  constructor(stream: string) {
    super(`the beginning of ${stream} was truncated by an operator of the event store`);
  }
}

/** True for an event with which its stream is whole: its first one ever, or the first one after a soft deletion. */
export function isBeginning(event: Pick<RecordedEvent, 'stream' | 'type' | 'revision'>): boolean {
  return event.revision === 0 || begins(event);
}

/**
 * True where events between a revision and the next one that was read are gone. (A revision alone may be missing: somebody else’s event has it.)
 * Errors: those of the store.
 */
export async function isCut(store: Pick<EventStore, 'readStream'>, revision: number, next: RecordedEvent): Promise<boolean> {
  if (next.revision === revision + 1 || isBeginning(next)) return false;
  const first = await firstShown(store, next.stream);
  return first !== undefined && first.revision > revision + 1 && !isBeginning(first);
}

/** The first event that a stream shows; undefined for none. Errors: those of the store. */
export async function firstShown(store: Pick<EventStore, 'readStream'>, stream: string): Promise<RecordedEvent | undefined> {
  for await (const [first] of store.readStream(stream, { limit: 1 })) return first;
  return undefined;
}
