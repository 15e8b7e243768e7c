/** The file of the read models. All of it is made from events, so a file that cannot be read is thrown away, never repaired. */

import { closeSync, mkdirSync, openSync, readSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { UserError } from '../../user-error.ts';

export interface FileLog {
  warn(data: object, message: string): void;
}

/** The content of the file is not what was written. */
export class Damaged extends Error {
  override readonly name = 'Damaged';
}

/** The mark of our files (`PRAGMA application_id`, the letters "TLRM"). */
const APPLICATION = 0x544c524d;
/** Version of the tables below, raised when they change: a file of another layout is made anew. */
const LAYOUT = 2;

/** Pages in the write-ahead log up to which it is not folded: writing is half as fast again as with SQLite's 1,000, for 32 MB of disk. */
export const MODEL_PAGES = 8_000;

const TABLES = `
  CREATE TABLE models (
    name TEXT PRIMARY KEY, generation INTEGER NOT NULL, newest INTEGER NOT NULL,
    cache_generation INTEGER NOT NULL, parked INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE generations (
    name TEXT, generation INTEGER, version INTEGER NOT NULL, fields TEXT NOT NULL, position TEXT NOT NULL, event_id TEXT NOT NULL,
    PRIMARY KEY (name, generation)
  ) WITHOUT ROWID;
`;

/** Milliseconds to wait for a lock: no other process of ours has one, but an operator may look into the file with other tools. */
const BUSY = 1_000;

/** The text that every SQLite file begins with, and the byte of the application's mark (SQLite's file format, 1.3). */
const MAGIC = 'SQLite format 3\0';
const MARK_AT = 68;

/**
 * Opens the file, or makes it. A damaged file, or one of another layout, is replaced by an empty one with a warning;
 * a database that is not one of read models is left alone, and an error.
 */
export function openFile(path: string, log: FileLog): DatabaseSync {
  mkdirSync(dirname(path), { recursive: true });
  const kind = whatIs(path);
  if (kind === 'foreign') throw foreign(path);
  if (kind === 'ours') return openOurs(path, log);
  if (kind === 'unreadable') {
    // The file may not be ours at all: it is kept, for the operator who named it.
    renameSync(path, `${path}.damaged`);
    log.warn({ file: path, kept: `${path}.damaged` }, 'the read models cannot be read; they are made again from the events');
  }
  return make(path);
}

function foreign(path: string): UserError {
  return new UserError(`${path} is another database, not read models. Set READ_MODELS_URL to another file.`);
}

/** Deletes the file and makes it anew. */
export function replaceFile(path: string): DatabaseSync {
  // The file is not kept: a copy that nobody knows of would outlive the deletion of the people in it.
  rmSync(path, { force: true });
  return make(path);
}

/** True for an error that says that the file is damaged. */
export function isDamage(error: unknown): boolean {
  if (error instanceof Damaged) return true;
  const code = (error as { errcode?: unknown } | null)?.errcode;
  // SQLITE_CORRUPT and SQLITE_NOTADB, with all their extended codes.
  return typeof code === 'number' && [11, 26].includes(code & 0xff);
}

function whatIs(path: string): 'nothing' | 'ours' | 'foreign' | 'unreadable' {
  const header = Buffer.alloc(MARK_AT + 4);
  const length = readHeader(path, header);
  if (length === 0) return 'nothing';
  if (length < header.length || header.toString('latin1', 0, MAGIC.length) !== MAGIC) return 'unreadable';
  return header.readInt32BE(MARK_AT) === APPLICATION ? 'ours' : 'foreign';
}

/** Reads the file's header and answers the number of bytes; 0 for a file that is not there. */
function readHeader(path: string, header: Buffer): number {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
  try {
    return readSync(file, header);
  } finally {
    closeSync(file);
  }
}

function openOurs(path: string, log: FileLog): DatabaseSync {
  const db = new DatabaseSync(path, { timeout: BUSY });
  try {
    const layout = layoutOf(db);
    if (layout === LAYOUT) return tuned(db);
    // 0: the file was not finished when it was made.
    if (layout !== 0) log.warn({ file: path }, 'the read models have the layout of another release; they are made again from the events');
  } catch (error) {
    if (!isDamage(error)) {
      db.close();
      throw error;
    }
    log.warn({ file: path, err: error }, 'the read models are damaged; they are made again from the events');
  }
  db.close();
  return replaceFile(path);
}

/** The version of a file's tables, which can be read where it is ours. */
function layoutOf(db: DatabaseSync): number {
  const version = Number(db.prepare('PRAGMA user_version').get()?.user_version);
  if (version === LAYOUT) db.prepare('SELECT * FROM models JOIN generations USING (name)').all();
  return version;
}

function make(path: string): DatabaseSync {
  rmSync(`${path}-wal`, { force: true });
  rmSync(`${path}-shm`, { force: true });
  const db = new DatabaseSync(path, { timeout: BUSY });
  // Before WAL mode, so that the mark is in the file itself from the first moment.
  db.exec(`PRAGMA application_id = ${APPLICATION}`);
  tuned(db).exec(`BEGIN; ${TABLES} PRAGMA user_version = ${LAYOUT}; COMMIT`);
  return db;
}

function tuned(db: DatabaseSync): DatabaseSync {
  // NORMAL: a power cut may lose the last transactions, each whole; they are made again from their checkpoint.
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -32768');
  return db;
}
