/** Many events folded into one change per document. */
import { isKnown, upcast } from '../contracts/catalog.ts';
import type { RecordedEvent } from '../contracts/message.ts';
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
 * already. Events of parked streams (`waits`) are left out, those behind a poison event, and those that this release does not know.
 */
export async function foldBatch(
  projector: AnyProjector,
  events: readonly RecordedEvent[],
  stored: (ids: string[]) => Promise<Stored[]>,
  waits: (stream: string) => boolean,
): Promise<FoldedBatch> {
  const keyed = events.flatMap((event) => {
    const key = waits(event.stream) || !isKnown(event) ? undefined : projector.key(event);
    return key === undefined ? [] : [{ key, event }];
  });
  if (keyed.length === 0) return { changes: [], poison: [] };
  const found = await stored([...new Set(keyed.map(({ key }) => key))]);
  const before = new Map(found.map((one) => [one.id, one]));
  const after = new Map<string, Stored>();
  const poison = new Map<string, Poison>();
  for (const { key, event } of keyed) {
    if (poison.has(event.stream)) continue;
    const error = fold({ projector, key, event, before: after.get(key) ?? before.get(key), after });
    if (error !== undefined) poison.set(event.stream, { event, error });
  }
  const changes = [...after.values()].map((one) => ({ before: before.get(one.id)?.document, after: one }));
  return { changes, poison: [...poison.values()] };
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
  try {
    after.set(key, { id: key, position: event.position, document: projector.evolve(before?.document, upcast(event)) });
    return undefined;
  } catch (error) {
    return error ?? new Error('a projector threw nothing');
  }
}
