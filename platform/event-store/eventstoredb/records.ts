/** Translates events and positions between EventStoreDB and the port. */
import type { AllStreamRecordedEvent, RecordedEvent as StreamRecordedEvent } from '@eventstore/db-client';
import { deletionOf } from '../../../contracts/deletion.ts';
import { isForwardable, type Metadata, type NewEvent, type Position, type RecordedEvent } from '../../../contracts/message.ts';
import { STREAM_PREFIXES } from '../../../contracts/ours.ts';
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

/**
 * The envelope of an event. Events that others wrote into the same store have data and metadata of their own kinds, or none. The server's record of a
 * deletion is the event that says so (contracts/deletion.ts).
 */
export function fromClient(event: ClientEvent): RecordedEvent {
  const position = event.position ? toPosition(event.position.commit) : '';
  const deleted = deletedBy(event);
  if (deleted !== undefined) return deletionOf(deleted, { id: event.id, position, time: event.created.toISOString() });
  const { [TIME]: time = event.created.toISOString(), ...metadata } = fieldsOf(event.metadata);
  return {
    id: event.id,
    type: event.type,
    stream: event.streamId,
    revision: Number(event.revision),
    position,
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

/** The server's records of deletions: a tombstone in the stream itself, or the largest of all truncations in its metadata. */
const [TOMBSTONE, METADATA, METASTREAM] = ['$streamDeleted', '$metadata', '$$'];

/** The beginnings of the names of our streams of events, and of their metadata. */
export const EVENT_PREFIXES: readonly string[] = STREAM_PREFIXES.flatMap((prefix) => [prefix, `${METASTREAM}${prefix}`]);

/** The stream of which a record says that it was deleted; undefined for any other record. */
function deletedBy({ streamId, type, data }: Pick<ClientEvent, 'streamId' | 'type' | 'data'>): string | undefined {
  if (type === TOMBSTONE) return streamId;
  if (type !== METADATA || !streamId.startsWith(METASTREAM)) return undefined;
  const { $tb } = (data ?? {}) as { $tb?: unknown };
  return typeof $tb === 'number' && $tb > Number.MAX_SAFE_INTEGER ? streamId.slice(METASTREAM.length) : undefined;
}

/** True for a record of the log of events: of a forwardable stream, or of the deletion of one. */
export function isOfEvents(event: Pick<ClientEvent, 'streamId' | 'type' | 'data'>): boolean {
  return logOf(deletedBy(event) ?? event.streamId) === 'events';
}

/** The log that a stream's events are in; null for the server's own streams. */
export function logOf(stream: string): 'events' | 'bookkeeping' | null {
  if (isForwardable(stream)) return 'events';
  return stream.startsWith('_') ? 'bookkeeping' : null;
}
