/** Deletions as EventStoreDB records them: a tombstone in the stream, or the largest `$tb` in the metadata of the stream. */
import { randomUUID } from 'node:crypto';
import type { Proposed } from './log.ts';

/** The revision of a tombstone in the double's log; on the wire it is the largest of 64 bits, which no number holds exactly. */
export const TOMBSTONE = Number.MAX_SAFE_INTEGER;
/** The revision of a tombstone, and the `$tb` of a stream that was deleted softly, on the wire. */
export const LARGEST = '9223372036854775807';

/** The stream of a stream's metadata. */
export function metastreamOf(stream: string): string {
  return `$$${stream}`;
}

/** The stream whose metadata a stream holds; the stream itself, where it holds none. */
export function originalOf(stream: string): string {
  return stream.startsWith('$$') ? stream.slice(2) : stream;
}

/** The bounds in a stream's metadata: the number of its last events that are shown, and the first revision that is. */
export function truncationIn(metadata: Uint8Array | undefined): { most?: number; from?: number } {
  const { $maxCount, $tb } = parsed(metadata);
  return { ...($maxCount === undefined ? {} : { most: $maxCount }), ...($tb === undefined ? {} : { from: $tb }) };
}

/** True where the metadata of a stream say that it was deleted softly. */
export function isSoftDeleted(metadata: Uint8Array | undefined): boolean {
  return (parsed(metadata).$tb ?? 0) > TOMBSTONE;
}

/** The event of metadata by which the server deletes a stream softly. */
export function softDeletion(): Proposed {
  return metadataEvent(`{"$tb":${LARGEST}}`);
}

/** The event of metadata by which the server lets a stream that was deleted softly begin again, at a revision. */
export function softUndeletion(metadata: Uint8Array | undefined, from: number): Proposed {
  return metadataEvent(JSON.stringify({ ...parsed(metadata), $tb: from }));
}

function metadataEvent(text: string): Proposed {
  return { id: randomUUID(), type: '$metadata', contentType: 'application/json', data: Buffer.from(text), metadata: new Uint8Array() };
}

function parsed(metadata: Uint8Array | undefined): { $maxCount?: number; $tb?: number } {
  return metadata ? JSON.parse(new TextDecoder().decode(metadata)) : {};
}
