/** Rows of the two log tables: how an event is laid out, and the checksum that tells damage from data (invariant 16). */
import { crc32 } from 'node:zlib';
import type { Metadata, Position, RecordedEvent } from '../../contracts/message.ts';
import { damaged } from './damage.ts';

export type Table = 'events' | 'bookkeeping';

/** position, stream, revision, id, type, time (ms), data, metadata. */
type Fields = [number, string, number, string, string, number, string, string];
/** The fields and their checksum: what a `SELECT ${COLUMNS}` gives. */
export type Row = [...Fields, number];

const FIELDS = 'position, stream, revision, id, type, time, data, metadata';
export const COLUMNS = `${FIELDS}, checksum`;

const DECLARED = `position INTEGER PRIMARY KEY, stream TEXT NOT NULL, revision INTEGER NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL,
  time INTEGER NOT NULL, data TEXT NOT NULL, metadata TEXT NOT NULL, checksum INTEGER NOT NULL`;

/**
 * Events are found by `birth`, the position of their stream's first event: streams that are written now are neighbours in the index, so that a
 * commit changes few of its pages, however large it is. Only a stream's first event is found by a hash of the name.
 * Bookkeeping streams lose their first events (`keep`), so there every event is found by the hash. Two streams with one hash are told apart by name.
 * (`birth` and `hash` serve only the indexes, and are not in the checksum: a read never looks at the table's copy of them.)
 */
export const SCHEMA = [
  `CREATE TABLE events (${DECLARED}, birth INTEGER NOT NULL, hash INTEGER) STRICT`,
  'CREATE INDEX events_by_stream ON events (birth, revision)',
  'CREATE INDEX events_first ON events (hash) WHERE hash IS NOT NULL',
  `CREATE TABLE bookkeeping (${DECLARED}, hash INTEGER NOT NULL) STRICT`,
  'CREATE INDEX bookkeeping_by_stream ON bookkeeping (hash, revision)',
];

const WIDTH = 16;

export function toPosition(n: number): Position {
  return n === 0 ? '' : String(n).padStart(WIDTH, '0');
}

/** The number in a position; 0 for START. A text that no store of ours made counts as beyond the end. */
export function fromPosition(position: Position): number {
  if (position === '') return 0;
  return /^\d{16}$/.test(position) ? Number(position) : Number.MAX_SAFE_INTEGER;
}

/** A stream's place in an index: 32 bits, so that the index stays small. */
export function streamHash(stream: string): number {
  return crc32(stream);
}

/** CRC-32 over every field. */
export function checksum(row: Fields | Row): number {
  return crc32(`${row[0]}\n${row[1]}\n${row[2]}\n${row[3]}\n${row[4]}\n${row[5]}\n${row[6]}\n${row[7]}`);
}

/** Error: StoreDamaged when the row is not what was written, or not of the stream it was found for. */
export function check(row: Row, stream = row[1]): void {
  if (checksum(row) !== row[8] || row[1] !== stream) throw damaged(`the event at position ${row[0]} is not what was written`);
}

/** The event in a row; `stream` where only that one's will do. Error: StoreDamaged when the row is not what was written. */
export function fromRow(row: Row, stream?: string): RecordedEvent {
  check(row, stream);
  return {
    id: row[3],
    type: row[4],
    stream: row[1],
    revision: row[2],
    position: toPosition(row[0]),
    time: new Date(row[5]).toISOString(),
    data: JSON.parse(row[6]),
    metadata: JSON.parse(row[7]) as Metadata,
  };
}
