/**
 * A projector makes one read model of events: a pure fold per key, `evolve(document, event)`.
 * No clock, no random, no I/O, so that a replay gives the same documents to the byte.
 */
import { idOf, type RecordedEvent } from '../contracts/message.ts';
import type { Document, Find, ModelSpec } from '../platform/read-models/read-models.ts';

/** A document as a fold sees it: undefined before the first event, null after a deletion (a tombstone). */
export type Folded<D extends Document> = D | null | undefined;

export interface Projector<D extends Document = Document> {
  model: ModelSpec;
  /** Types of the events it folds; it never sees others. */
  events: readonly string[];
  /** Id of the document an event belongs to; undefined where it belongs to none. */
  key(event: RecordedEvent): string | undefined;
  /** The document after one more event (null: a tombstone). Throws where the event cannot follow; its stream is then parked. */
  evolve(document: Folded<D>, event: RecordedEvent): D | null;
  /** Cached results that a change of one document makes stale, by topic: every list that could show it before or after. */
  topics?(before: Folded<D>, after: D | null): string[];
  /** Key under which the projections keep the document itself in the cache. */
  cacheKey?(id: string): string;
  /** First pages worth having ready in the cache after such a change, each with the topic that makes it stale. */
  pages?(before: Folded<D>, after: D | null): Page[];
}

/** A query whose result is kept under the generation of a topic. */
export interface Page {
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
 * The key of a projector with one document a stream. A rebuild knows by it that an event of revision 0 has no document yet,
 * and need not look for one.
 */
export function byStream(event: RecordedEvent): string {
  return idOf(event.stream);
}

/** An event that cannot follow what is there: on a document that is missing or deleted, or a second beginning. */
export class OutOfPlace extends Error {
  override readonly name = 'OutOfPlace';
}

/** The document an event changes. Error: OutOfPlace where there is none, so that there is never half a document. */
export function existing<D extends Document>(document: Folded<D>, event: RecordedEvent): D {
  if (document) return document;
  throw new OutOfPlace(`${event.type} at ${event.stream}@${event.revision}: ${document === null ? 'deleted' : 'no such document'}`);
}

/** Checks that an event may begin a document. Error: OutOfPlace where there is one, or was. */
export function beginning<D extends Document>(document: Folded<D>, event: RecordedEvent): void {
  if (document === undefined) return;
  throw new OutOfPlace(`${event.type} at ${event.stream}@${event.revision}: it has begun already`);
}
