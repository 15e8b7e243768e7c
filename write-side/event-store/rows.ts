/** Rows of the two log tables: how an event is laid out, and the checksum that tells damage from data (invariant 16). */
import { crc32 } from 'node:zlib';
import type { Metadata, Position, RecordedEvent } from '../../contracts/message.ts';
import { StoreDamaged } from './event-store.ts';

/** position, stream, revision, id, type, time (ms), data, metadata, checksum. */
type Fields = [number, string, number, string, string, number, string, string];
export type Row = [...Fields, number];

export const COLUMNS = 'position, stream, revision, id, type, time, data, metadata, checksum';

/** One table each for forwardable events and for bookkeeping; same columns, and an index by a hash of the stream's name. */
export const SCHEMA = ['events', 'bookkeeping']
  .map(
    (table) => `
    CREATE TABLE IF NOT EXISTS ${table} (
      position INTEGER PRIMARY KEY ${table === 'bookkeeping' ? 'AUTOINCREMENT' : ''}, stream TEXT NOT NULL, revision INTEGER NOT NULL, id TEXT NOT NULL,
      type TEXT NOT NULL, time INTEGER NOT NULL, data TEXT NOT NULL, metadata TEXT NOT NULL, checksum INTEGER NOT NULL, hash INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS ${table}_by_stream ON ${table} (hash, revision);`,
  )
  .join('\n');

const WIDTH = 16;

export function toPosition(n: number): Position {
  return n === 0 ? '' : String(n).padStart(WIDTH, '0');
}

/** The number in a position; 0 for START. A text that no store of ours made counts as beyond the end. */
export function fromPosition(position: Position): number {
  if (position === '') return 0;
  return /^\d{16}$/.test(position) ? Number(position) : Number.MAX_SAFE_INTEGER;
}

/** A stream's place in the index: 32 bits, so that the index stays small; equal hashes of other names are told apart by the name. */
export function streamHash(stream: string): number {
  return crc32(stream);
}

/** CRC-32 over every field. */
export function checksum(row: Fields | Row): number {
  return crc32(`${row[0]}\n${row[1]}\n${row[2]}\n${row[3]}\n${row[4]}\n${row[5]}\n${row[6]}\n${row[7]}`);
}

/** The event in a row. Error: StoreDamaged when the row is not what was written. */
export function fromRow(row: Row): RecordedEvent {
  if (checksum(row) !== row[8]) throw damaged(`the event at position ${row[0]} is not what was written`);
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

/** The one sentence an operator needs. */
export function damaged(what: string, cause?: unknown): StoreDamaged {
  return new StoreDamaged(`The event store is damaged: ${what}. Stop, keep a copy of the folder, and put back a backup of it.`, { cause });
}

/** SQLite's own word for damage (SQLITE_CORRUPT 11, SQLITE_NOTADB 26) as ours; any other error as it is. */
export function asDamage(error: unknown): unknown {
  const code = (error as { errcode?: number }).errcode;
  return code !== undefined && [11, 26].includes(code & 0xff) ? damaged((error as Error).message, error) : error;
}
