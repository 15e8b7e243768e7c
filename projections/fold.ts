/** Many events folded into one change per document. */
import { begins, isKnown, upcast } from '../contracts/catalog.ts';
import { isDeletion } from '../contracts/deletion.ts';
import type { RecordedEvent } from '../contracts/message.ts';
import { checkDocument } from '../platform/read-models/fields.ts';
import type { Document, Stored } from '../platform/read-models/read-models.ts';
import type { AnyProjector, Folded } from './projector.ts';

/** An event that a projector could not fold. Later events of its stream wait behind it. */
export interface Poison {
  event: RecordedEvent;
  error: unknown;
}

/** A document before and after a batch. */
export interface DocumentChange {
  before: Folded<Document>;
  after: Stored;
}

export interface FoldedBatch {
  /** A change for every document that was folded into. */
  changes: DocumentChange[];
  /** The first poison event of each stream that has one. */
  poison: Poison[];
}

/**
 * Folds events, in order, into the stored documents (read once, by `stored`). An event at or before a document's position is in the document
 * already. Events of parked streams (`waits`) are left out, those behind a poison event, and those that this release does not know. A deletion of a
 * stream leaves a tombstone of its document, also of a parked stream.
 */
export async function foldBatch(
  projector: AnyProjector,
  events: readonly RecordedEvent[],
  stored: (ids: string[]) => Promise<Stored[]>,
  waits: (stream: string) => boolean,
): Promise<FoldedBatch> {
  const keyed = withKeys(projector, events, waits);
  if (keyed.length === 0) return { changes: [], poison: [] };
  const found = await stored([...new Set(keyed.map(({ key }) => key))]);
  const before = new Map(found.map((one) => [one.id, one]));
  const after = new Map<string, Stored>();
  const poison = new Map<string, Poison>();
  for (const { key, event } of keyed) {
    const error = isBehind(poison, event) ? undefined : fold({ projector, key, event, before: after.get(key) ?? before.get(key), after });
    if (error !== undefined) poison.set(event.stream, { event, error });
  }
  const changes = [...after.values()].map((one) => ({ before: before.get(one.id)?.document, after: one }));
  return { changes, poison: [...poison.values()] };
}

function withKeys(projector: AnyProjector, events: readonly RecordedEvent[], waits: (stream: string) => boolean) {
  return events.flatMap((event) => {
    const key = isDeletion(event) || (isKnown(event) && !waits(event.stream)) ? projector.key(event) : undefined;
    return key === undefined ? [] : [{ key, event }];
  });
}

/** True for an event behind a poison one of its stream. A deletion is behind none, nor is what comes after it. */
function isBehind(poison: Map<string, Poison>, event: RecordedEvent): boolean {
  if (isDeletion(event)) poison.delete(event.stream);
  return poison.has(event.stream);
}

interface Step {
  projector: AnyProjector;
  key: string;
  event: RecordedEvent;
  before: Stored | undefined;
  after: Map<string, Stored>;
}

/** Folds one event; returns the error of the projector, undefined without one. */
function fold({ projector, key, event, before, after }: Step): unknown {
  if (before && before.position >= event.position) return undefined;
  if (!before && isDeletion(event)) return undefined;
  try {
    after.set(key, { id: key, position: event.position, document: documentAfter(projector, before?.document, event) });
    return undefined;
  } catch (error) {
    return error ?? new Error('a projector threw nothing');
  }
}

/** The document after one more event. A deletion leaves a tombstone; a stream that is begun again after one begins its document anew. */
export function documentAfter(projector: AnyProjector, before: Folded<Document>, event: RecordedEvent): Document | null {
  if (isDeletion(event)) return null;
  const isAnew = before === null && event.revision > 0 && begins(event);
  const document = projector.evolve(isAnew ? undefined : before, upcast(event));
  // A document that cannot be written would stop all read models: the fault is the event's, whose stream waits for it.
  if (document) checkDocument(projector.model, document);
  return document;
}
