/** Translates events and positions between EventStoreDB and the port. */
import type { AllStreamRecordedEvent, RecordedEvent as StreamRecordedEvent } from '@eventstore/db-client';
import { isForwardable, type Metadata, type NewEvent, type Position, type RecordedEvent } from '../../../contracts/message.ts';
import type { EncodedEvent } from './batch-messages.ts';

/** An event as the client gives it, of a stream or of $all. */
export type ClientEvent = AllStreamRecordedEvent | (StreamRecordedEvent & { position?: { commit: bigint } });

/** Digits of a position's text, enough for the largest: so the order of texts is log order. */
const WIDTH = 20;
/** The largest position that the server takes. */
const LARGEST = 2n ** 63n - 1n;

export function toPosition(commit: bigint): Position {
  return String(commit).padStart(WIDTH, '0');
}

/** The commit position in a text; undefined for a text that this store did not make, which counts as beyond the end. */
export function fromPosition(position: Position): bigint | undefined {
  if (!/^\d{20}$/.test(position)) return undefined;
  const commit = BigInt(position);
  return commit <= LARGEST ? commit : undefined;
}

/** The field of the metadata for the time of an event that another store recorded first: EventStoreDB gives each event its own. */
const TIME = '$time';

/** An event as it is sent: JSON as UTF-8. `time` for an event that another store recorded first. */
export function encodeEvent({ id, type, data, metadata }: NewEvent, time?: string): EncodedEvent {
  const kept = time === undefined ? metadata : { ...metadata, [TIME]: time };
  return { id, type, data: Buffer.from(JSON.stringify(data ?? null)), metadata: Buffer.from(JSON.stringify(kept)) };
}

/** The envelope of an event. Events that others wrote into the same store have data and metadata of their own kinds, or none. */
export function fromClient(event: ClientEvent): RecordedEvent {
  const { [TIME]: time = event.created.toISOString(), ...metadata } = fieldsOf(event.metadata);
  return {
    id: event.id,
    type: event.type,
    stream: event.streamId,
    revision: Number(event.revision),
    position: event.position ? toPosition(event.position.commit) : '',
    time,
    data: event.isJson ? event.data : Buffer.from(event.data as Uint8Array).toString('base64'),
    metadata,
  };
}

/** The metadata as an object; an empty one for metadata that are of another kind. */
function fieldsOf(metadata: unknown): Metadata & { [TIME]?: string } {
  const isObject = typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata) && !ArrayBuffer.isView(metadata);
  return (isObject ? metadata : {}) as Metadata & { [TIME]?: string };
}

/** The log that a stream's events are in; null for the server's own streams. */
export function logOf(stream: string): 'events' | 'bookkeeping' | null {
  if (isForwardable(stream)) return 'events';
  return stream.startsWith('_') ? 'bookkeeping' : null;
}
