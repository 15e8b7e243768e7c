/** Rows of the two log tables: the layout of an event, and the checksum that tells damage from data (invariant 16). */
import { crc32 } from 'node:zlib';
import type { Metadata, Position, RecordedEvent } from '../../../contracts/message.ts';
import { damaged } from './damage.ts';

export type Table = 'events' | 'bookkeeping';

/** position, stream, revision, id, type, time (ms), data, metadata. */
type Fields = [number, string, number, string, string, number, string, string];
/** The fields and their checksum: the row of a `SELECT ${COLUMNS}`. */
export type Row = [...Fields, number];

const FIELDS = 'position, stream, revision, id, type, time, data, metadata';
export const COLUMNS = `${FIELDS}, checksum`;

/**
 * All fields as the one text that the checksum is made of, the checksum, and the stream: the row of a `SELECT ${LEAN_COLUMNS}`, for a third of the
 * cost. The stream comes again because documents keep their id: as a part of the text it would keep all of the text in memory.
 */
export type LeanRow = [text: string, checksum: number, stream: string];
export const LEAN_COLUMNS = `concat_ws(char(10), ${FIELDS}), checksum, stream`;

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

/** The number in a position; 0 for START. A text that this store did not make counts as beyond the end. */
export function fromPosition(position: Position): number {
  if (position === '') return 0;
  return /^\d{16}$/.test(position) ? Number(position) : Number.MAX_SAFE_INTEGER;
}

/** A stream's place in an index: 32 bits, so that the index stays small. */
export function streamHash(stream: string): number {
  return crc32(stream);
}

/** The CRC-32 of all fields. */
export function checksum(row: Fields | Row): number {
  return crc32(`${row[0]}\n${row[1]}\n${row[2]}\n${row[3]}\n${row[4]}\n${row[5]}\n${row[6]}\n${row[7]}`);
}

/** Checks a row's checksum and stream. Error: StoreDamaged when the row is not what was written, or not of the stream it was found for. */
export function check(row: Row, stream = row[1]): void {
  if (checksum(row) !== row[8] || row[1] !== stream) throw damaged(`the event at position ${row[0]} is not what was written`);
}

const MINUTE = 60_000;
/** Characters of `SS.mmmZ`, the end of a time. */
const SECONDS = 7;
let minute = Number.NaN;
let minuteText = '';

/** Milliseconds since 1970 as ISO 8601. Events that follow each other are mostly of one minute, whose text is kept. */
function toTime(ms: number): string {
  const its = Math.floor(ms / MINUTE);
  if (its !== minute) {
    minuteText = new Date(ms).toISOString().slice(0, -SECONDS);
    minute = its;
  }
  const rest = String(100_000 + ms - its * MINUTE);
  return `${minuteText}${rest.slice(1, 3)}.${rest.slice(3)}Z`;
}

/** The event in a row, with `stream` only one of that stream. Error: StoreDamaged when the row is not what was written. */
export function fromRow(row: Row, stream?: string): RecordedEvent {
  check(row, stream);
  return {
    id: row[3],
    type: row[4],
    stream: row[1],
    revision: row[2],
    position: toPosition(row[0]),
    time: toTime(row[5]),
    data: JSON.parse(row[6]),
    metadata: JSON.parse(row[7]) as Metadata,
  };
}

/** The position of a row, checked or not. */
export function positionOf([text]: LeanRow): number {
  return Number.parseInt(text, 10);
}

/**
 * The event in a row, its JSON parsed when it is first looked at; null where a name has a line break in it, which only columns can tell apart.
 * Error: StoreDamaged when the row is not what was written.
 */
export function fromLeanRow(row: LeanRow): RecordedEvent | null {
  const [text, expected, stream] = row;
  if (crc32(text) !== expected) throw damaged(`the event at position ${positionOf(row)} is not what was written`);
  const fields = text.split('\n');
  return fields.length === LEAN_FIELDS ? new LeanEvent(stream, fields as LeanFields) : null;
}

/** The fields, each as text. */
type LeanFields = [string, string, string, string, string, string, string, string];
const LEAN_FIELDS = 8;

/** An event whose JSON is parsed when it is asked for. A class, for its getters: a hundred thousand are made a second, most asked for one field. */
class LeanEvent implements RecordedEvent {
  readonly id: string;
  readonly type: string;
  readonly stream: string;
  readonly revision: number;
  readonly position: Position;
  readonly time: string;
  private json: [data: string, metadata: string];
  private parsedData: unknown;
  private parsedMetadata: Metadata | undefined;

  constructor(stream: string, fields: LeanFields) {
    this.position = fields[0].padStart(WIDTH, '0');
    this.stream = stream;
    this.revision = Number(fields[2]);
    this.id = fields[3];
    this.type = fields[4];
    this.time = toTime(Number(fields[5]));
    this.json = [fields[6], fields[7]];
  }

  get data(): unknown {
    this.parsedData ??= JSON.parse(this.json[0]);
    return this.parsedData;
  }

  get metadata(): Metadata {
    this.parsedMetadata ??= JSON.parse(this.json[1]) as Metadata;
    return this.parsedMetadata;
  }
}
