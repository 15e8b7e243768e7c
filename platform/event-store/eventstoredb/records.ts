/** Events of EventStoreDB as ours. */
import type { AllStreamRecordedEvent, RecordedEvent as StreamRecordedEvent } from '@eventstore/db-client';
import { isForwardable, type Metadata, type NewEvent, type Position, type RecordedEvent } from '../../../contracts/message.ts';
import type { EncodedEvent } from './batch-messages.ts';

/** An event as the client gives it, of a stream or of $all. */
export type ClientEvent = AllStreamRecordedEvent | (StreamRecordedEvent & { position?: { commit: bigint } });

/** As many digits as the largest position has: plain text comparison is log order. */
const WIDTH = 20;
/** The largest position the server takes. */
const LARGEST = 2n ** 63n - 1n;

export function toPosition(commit: bigint): Position {
  return String(commit).padStart(WIDTH, '0');
}

/** The commit position in a text; undefined for one that this store did not make, which counts as beyond the end. */
export function fromPosition(position: Position): bigint | undefined {
  if (!/^\d{20}$/.test(position)) return undefined;
  const commit = BigInt(position);
  return commit <= LARGEST ? commit : undefined;
}

/** Where the metadata keeps the time of an event that was taken by another store before: EventStoreDB gives each its own. */
const TIME = '$time';

/** What is sent: JSON as UTF-8. `time` where it is not the server's. */
export function encode({ id, type, data, metadata }: NewEvent, time?: string): EncodedEvent {
  const kept = time === undefined ? metadata : { ...metadata, [TIME]: time };
  return { id, type, data: Buffer.from(JSON.stringify(data ?? null)), metadata: Buffer.from(JSON.stringify(kept)) };
}

/** The envelope. What others wrote into the same store has data, and metadata, of their own kinds. */
export function fromClient(event: ClientEvent): RecordedEvent {
  const { [TIME]: time = event.created.toISOString(), ...metadata } = (event.metadata ?? {}) as unknown as Metadata & { [TIME]?: string };
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

/** Which of the two logs an event of $all is in; null for the server's own. */
export function logOf(stream: string): 'events' | 'bookkeeping' | null {
  if (isForwardable(stream)) return 'events';
  return stream.startsWith('_') ? 'bookkeeping' : null;
}
