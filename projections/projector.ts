/**
 * A projector makes one read model of events: a pure fold per key, `evolve(document, event)`.
 * No clock, no randomness, no I/O, so that a replay gives the same documents to the byte.
 *
 *     export const lamps = projector<LampDocument>({
 *       model: { name: 'lamps', version: 1, fields: { room: 'text' }, indexes: [['room']] },
 *       events: ['LampHung'], key: byStream,
 *       evolve: (_lamp, { data }) => ({ room: (data as LampHung).room }),
 *     });
 */
import { idOf, type RecordedEvent } from '../contracts/message.ts';
import type { Document, Find, ModelSpec } from '../platform/read-models/read-models.ts';

/** A document as a fold sees it: undefined before the first event, null after a deletion (a tombstone). */
export type Folded<D extends Document> = D | null | undefined;

export interface Projector<D extends Document = Document> {
  model: ModelSpec;
  /** The types of the events that it folds. It never sees others. */
  events: readonly string[];
  /** The id of the document that an event belongs to; undefined for none. */
  key(event: RecordedEvent): string | undefined;
  /** The document after one more event; null leaves a tombstone. Throws where the event cannot follow: its stream is then parked. */
  evolve(document: Folded<D>, event: RecordedEvent): D | null;
  /** The topics whose cached results a change of one document makes stale: those of every list that could show it before or after. */
  topics?(before: Folded<D>, after: D | null): string[];
  /** The key under which the cache keeps the document itself. Without it, single documents are not cached. */
  cacheKey?(id: string): string;
  /** First pages to put into the cache after a change, because clients ask for them at once. */
  pages?(before: Folded<D>, after: D | null): FirstPage[];
}

/** A query whose cached result a topic makes stale. */
export interface FirstPage {
  topic: string;
  find: Find;
}

// biome-ignore lint/suspicious/noExplicitAny: the registry holds projectors of every kind
export type AnyProjector = Projector<any>;

/** Checks a projector's type and gives it back. */
export function projector<D extends Document>(it: Projector<D>): Projector<D> {
  return it;
}

/**
 * The `key` of a projector with one document a stream. A rebuild that finds this function knows that an event of revision 0
 * has no document yet, and looks for none.
 */
export function byStream(event: RecordedEvent): string {
  return idOf(event.stream);
}

/** An event cannot follow: its document is missing or deleted, or has begun already. */
export class OutOfPlace extends Error {
  override readonly name = 'OutOfPlace';
}

/** The document that an event changes. Error: OutOfPlace where it is missing or deleted, so that no document is ever half. */
export function existing<D extends Document>(document: Folded<D>, event: RecordedEvent): D {
  if (document) return document;
  throw new OutOfPlace(`${event.type} at ${event.stream}@${event.revision}: ${document === null ? 'deleted' : 'no such document'}`);
}

/** Checks that an event may begin a document. Error: OutOfPlace where the document exists, or was deleted. */
export function beginning<D extends Document>(document: Folded<D>, event: RecordedEvent): void {
  if (document === undefined) return;
  throw new OutOfPlace(`${event.type} at ${event.stream}@${event.revision}: it has begun already`);
}
