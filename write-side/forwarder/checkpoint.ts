/** The forwarder's checkpoint, on `_forwarder`: where it is, and the chain it has published. Its exact revision fences a zombie. */
import { categoryOf, type Position, type RecordedEvent, START } from '../../contracts/message.ts';
import type { BusMessage } from '../../platform/event-bus/event-bus.ts';
import type { EventStore } from '../../platform/event-store/event-store.ts';
import { endOf, holds } from '../../platform/followers/checkpoint.ts';
import { type CheckpointStream, checkpointStream } from '../../platform/followers/checkpoint-stream.ts';

/** A storage format: add, never rename or remove. */
export interface ForwarderCheckpoint {
  /** The last event that was forwarded, and its id. */
  position: Position;
  eventId: string;
  /** Position of the last message published: the `previous` of the next. */
  previous: Position;
  /** The last position published of each category. */
  categories: Record<string, Position>;
  /** For a category that is not among them: nothing of it was published after this position; START unless forwarding began inside a log. */
  floor: Position;
}

const BEGINNING: ForwarderCheckpoint = { position: START, eventId: '', previous: START, categories: {}, floor: START };

/** `failed` hears of lazy writes that did not succeed. */
export function forwarderCheckpoint(store: EventStore, failed: (error: unknown) => void): CheckpointStream<ForwarderCheckpoint> {
  return checkpointStream(store, { stream: '_forwarder', type: 'ForwarderMoved', failed });
}

/**
 * Where forwarding begins: at the checkpoint where the log holds it. In a log that is another one, at its end: what is before it
 * followers read from the store, since whoever has not is behind the `previous` of the next message.
 */
export async function beginningOf(
  store: EventStore,
  checkpoint: ForwarderCheckpoint | undefined,
): Promise<{ at: ForwarderCheckpoint; foreign: boolean }> {
  if (!checkpoint) return { at: BEGINNING, foreign: false };
  if (await holds(store, checkpoint)) return { at: checkpoint, foreign: false };
  const { position, eventId } = await endOf(store);
  return { at: { position, eventId, previous: position, categories: {}, floor: position }, foreign: true };
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
