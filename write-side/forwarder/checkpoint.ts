/**
 * The forwarder's checkpoint, on `_forwarder`: its place in the log, and the chain of messages that it has published.
 * It is written at an exact revision, so that a second forwarder makes the first one's next write fail.
 */
import { catalog } from '../../contracts/catalog.ts';
import { categoryOf, type Position, type RecordedEvent, START } from '../../contracts/message.ts';
import type { BusMessage } from '../../platform/event-bus/event-bus.ts';
import type { EventStore } from '../../platform/event-store/event-store.ts';
import { endOf, holds } from '../../platform/followers/checkpoint.ts';
import { type CheckpointStream, checkpointStream } from '../../platform/followers/checkpoint-stream.ts';

/** The forwarder's checkpoint as it is stored. A storage format: add, never rename or remove. */
export interface ForwarderCheckpoint {
  /** The position and the id of the last event that was forwarded. */
  position: Position;
  eventId: string;
  /** Position of the last message published: the `previous` of the next. */
  previous: Position;
  /** The position of the last published event of each category of the catalog. */
  categories: Record<string, Position>;
  /** Stands in for categories that `categories` lacks: no event of theirs after it was published. START, unless forwarding began inside a log. */
  floor: Position;
}

const CATEGORIES: ReadonlySet<string> = new Set(catalog.map(({ category }) => category));
const BEGINNING: ForwarderCheckpoint = { position: START, eventId: '', previous: START, categories: {}, floor: START };

/** Opens the stream of the forwarder's checkpoint. `failed` hears of lazy writes that did not succeed. */
export function forwarderCheckpoint(store: EventStore, failed: (error: unknown) => void): CheckpointStream<ForwarderCheckpoint> {
  return checkpointStream(store, { stream: '_forwarder', type: 'ForwarderMoved', failed });
}

/**
 * The place where forwarding begins: the checkpoint, where the log holds its event; else (`foreign`: another log) the log's end.
 * Followers read everything before from the store: the `previous` of the next message shows them that they lack it.
 */
export async function beginningOf(
  store: EventStore,
  checkpoint: ForwarderCheckpoint | undefined,
): Promise<{ at: ForwarderCheckpoint; foreign: boolean }> {
  if (!checkpoint) return { at: BEGINNING, foreign: false };
  if (await holds(store, checkpoint)) return { at: { ...checkpoint, categories: ofCatalog(checkpoint.categories) }, foreign: false };
  const { position, eventId } = await endOf(store);
  return { at: { position, eventId, previous: position, categories: {}, floor: position }, foreign: true };
}

/** The categories that are ours: checkpoints of older releases have those of everybody who writes into the same store. */
function ofCatalog(categories: ForwarderCheckpoint['categories']): ForwarderCheckpoint['categories'] {
  return Object.fromEntries(Object.entries(categories).filter(([name]) => CATEGORIES.has(name)));
}

/** A page of the log as messages, each naming the one before it on the bus and in its category, and the checkpoint after the last. */
export function chained(page: readonly RecordedEvent[], from: ForwarderCheckpoint): { messages: BusMessage[]; end: ForwarderCheckpoint } {
  const categories = { ...from.categories };
  let { previous } = from;
  const messages = page.map((event): BusMessage => {
    const category = categoryOf(event.stream);
    const message = { event, previous, previousInCategory: categories[category] ?? from.floor };
    previous = event.position;
    categories[category] = event.position;
    return message;
  });
  return { messages, end: { position: previous, eventId: page.at(-1)?.id ?? from.eventId, previous, categories, floor: from.floor } };
}
