/**
 * The event by which a store tells that an operator deleted a stream, softly or for good: it has its place in the log as any other. No release of ours
 * appends it, it is in no contract, and it changes nothing of an aggregate, whose stream is not there any more.
 */
import type { Position, RecordedEvent } from './message.ts';

export const STREAM_DELETED = 'StreamDeleted';

/** True for the event that says that its stream was deleted. */
export function isDeletion({ type }: Pick<RecordedEvent, 'type'>): boolean {
  return type === STREAM_DELETED;
}

/** The event that says so of a stream, from the record that the store keeps of the deletion. Its revision is none of the stream's. */
export function deletionOf(stream: string, { id, position, time }: { id: string; position: Position; time: string }): RecordedEvent {
  const metadata = { $correlationId: id, $causationId: id, commandId: id, actor: 'operator', schema: 1, topics: [] };
  return { id, type: STREAM_DELETED, stream, revision: Number.MAX_SAFE_INTEGER, position, time, data: {}, metadata };
}
