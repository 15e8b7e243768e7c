/**
 * The witness (invariant 16): a file beside the log, at most a second old, that names the log's ends and their checksums. Events missing at a
 * log's end leave no gap that a read could see; the witness remembers that they were there.
 */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { StoreDamaged } from '../event-store.ts';
import type { Table } from './rows.ts';

export interface End {
  /** Position of the last row; 0 where the table is empty. */
  position: number;
  checksum: number;
}
export type Ends = Record<Table, End>;

export interface Witness {
  /** Called when an end moved; the file follows within a second. */
  moved(): void;
  /** Writes the file a last time; where that fails, the one that is there tells of less, which is true as well. */
  close(): void;
  /** Writes nothing more. */
  abandon(): void;
}

export interface WitnessOptions {
  /** Path of the log's file. */
  file: string;
  /** The log's ends as far as they are durable: what the file tells of must be there after any crash. */
  ends(): Ends;
  checksumAt(table: Table, position: number): number | undefined;
  /** Called with the reason why the file could not be written, once until it could; the writing is tried again. */
  warn(message: string): void;
}

/** Milliseconds that the file may be behind the log. */
const AGE = 900;

export function witnessOf(file: string): string {
  return `${file}-witness`;
}

/**
 * Compares the log with its witness, then keeps the witness. Error: StoreDamaged when the log ends before the place that the witness saw, or
 * holds another event there.
 */
export function openWitness({ file, ends, checksumAt, warn }: WitnessOptions): Witness {
  const path = witnessOf(file);
  compare(path, ends(), checksumAt);
  let timer: NodeJS.Timeout | undefined;
  let failing = false;
  const tryToWrite = (): boolean => {
    try {
      write(path, ends());
      failing = false;
    } catch (error) {
      if (!failing) warn(`${path} cannot be written: ${(error as Error).message}`);
      failing = true;
    }
    return !failing;
  };
  const later = () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      if (!tryToWrite()) later();
    }, AGE);
  };
  return {
    moved: later,
    close: () => {
      clearTimeout(timer);
      tryToWrite();
    },
    abandon: () => clearTimeout(timer),
  };
}

function write(path: string, ends: Ends): void {
  const fd = openSync(`${path}.new`, 'w', 0o600);
  try {
    // Unlike writeSync, it writes the rest where a disk that is nearly full took a part.
    writeFileSync(fd, signed(ends));
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(`${path}.new`, path);
}

/** The text of the file: the ends, and a checksum of them. */
function signed({ events, bookkeeping }: Ends): string {
  const ends = { events, bookkeeping };
  return JSON.stringify({ ...ends, checksum: crc32(JSON.stringify(ends)) });
}

function compare(path: string, now: Ends, checksumAt: WitnessOptions['checksumAt']): void {
  const seen = read(path);
  if (!seen) return;
  for (const table of ['events', 'bookkeeping'] as const) {
    const wrong = difference(seen[table], now[table], checksumAt(table, seen[table].position));
    if (wrong) throw new StoreDamaged(`The event store is not the one that was here: its log of ${table} ${wrong}. ${advice(path)}`);
  }
}

/**
 * The words for a log that differs from its witness, which saw `seen`; null for none. `checksum` is that of the row there now. An older log that was
 * put back, by hand or by a tool that streams the file elsewhere, looks the same as one that lost its end.
 */
function difference(seen: End, now: End, checksum: number | undefined): string | null {
  if (now.position < seen.position) return `ends at position ${now.position}, but had ${seen.position}`;
  // A row of bookkeeping may be dropped later on; of the log of events, one that is not there is noticed by every read.
  if (seen.position === 0 || checksum === seen.checksum || (checksum === undefined && now.position > seen.position)) return null;
  return `has another event at position ${seen.position} than was written`;
}

function advice(path: string): string {
  return (
    `Where an older copy was put back on purpose (a backup, a restore by Litestream), delete ${path} and start again. ` +
    'Otherwise events were lost: stop, keep a copy of the folder, and put back a newer backup.'
  );
}

/** The ends in a witness; null where there is no file. Error: StoreDamaged where the file is not what was written. */
function read(path: string): Ends | null {
  if (!existsSync(path)) return null;
  const text = readFileSync(path, 'utf8');
  const ends = parsed(text);
  if (ends && signed(ends) === text) return ends;
  throw new StoreDamaged(`The event store cannot be compared with its witness, which is not what was written. ${advice(path)}`);
}

function parsed(text: string): Ends | null {
  try {
    return JSON.parse(text) as Ends;
  } catch {
    return null;
  }
}
