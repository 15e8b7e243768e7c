/** What is in the file of the log: our tables and indexes, which must be exactly as they were made, and whatever other tools put beside them. */
import { closeSync, openSync, readSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { StoreDamaged, StoreUnavailable } from '../event-store.ts';
import { damaged } from './damage.ts';
import { SCHEMA } from './rows.ts';
import { witnessOf } from './witness.ts';

interface SchemaRow {
  type: string;
  name: string;
  sql: string | null;
}

export interface OpenSchema {
  /** True where there were events before: their tables must be there. */
  expected: boolean;
  /** Hears of what is not ours, as `table _litestream_seq`. */
  foreign(names: string[]): void;
}

/** Tables that other tools put into any file: SQLite's own (`sqlite_stat1`, which ANALYZE makes), Litestream's. */
const OF_TOOLS = /^(sqlite_|_litestream_)/;

/**
 * Makes the tables in a file that has none; in one that has any, ours must be exactly as they were made. SQLite's own tables are passed over, and what
 * else is not ours is named: our statements name their indexes, so that neither changes what they do. Errors: StoreDamaged; StoreUnavailable where the
 * file is another database.
 */
export function openSchema(db: DatabaseSync, { expected, foreign }: OpenSchema): void {
  const found = db.prepare('SELECT type, name, sql FROM sqlite_schema').all() as unknown as SchemaRow[];
  const ours = found.filter(({ sql }) => sql !== null && SCHEMA.includes(sql));
  if (ours.length < SCHEMA.length) makeTables(db, found, { ours: ours.length, expected });
  const others = found.filter((row) => !ours.includes(row) && !row.name.startsWith('sqlite_'));
  if (others.length > 0) foreign(others.map(({ type, name }) => `${type} ${name}`));
}

/**
 * Looks into a file before anything of it is changed, as its journal would be. Ours always have a write-ahead log; one without is as it was made by
 * somebody else, or new. Error: StoreUnavailable where it is another database.
 */
export function checkNotForeign(file: string): void {
  if (!hasRollbackJournal(file)) return;
  const db = new DatabaseSync(file, { readOnly: true, timeout: 5_000 });
  try {
    const names = (db.prepare('SELECT name FROM sqlite_schema').all() as unknown as SchemaRow[]).filter(({ name }) => !OF_TOOLS.test(name));
    if (names.length > 0 && !names.some(isNamedAsOurs)) throw anotherDatabase(file);
  } finally {
    db.close();
  }
}

/** The place of the format's version in a database file, which is 1 for one without a write-ahead log (SQLite's file format, 1.3.3). */
const FORMAT_AT = 18;

function hasRollbackJournal(file: string): boolean {
  const header = headerOf(file);
  return header.toString('latin1', 0, 15) === 'SQLite format 3' && header[FORMAT_AT] === 1;
}

/** The file's first bytes; zeros where there are none. */
function headerOf(file: string): Buffer {
  const header = Buffer.alloc(FORMAT_AT + 1);
  const fd = openSync(file, 'a+', 0o600);
  try {
    readSync(fd, header, 0, header.length, 0);
    return header;
  } finally {
    closeSync(fd);
  }
}

/** Makes the tables where none of them is expected. */
function makeTables(db: DatabaseSync, found: SchemaRow[], { ours, expected }: { ours: number; expected: boolean }): void {
  const others = found.filter(({ name }) => !OF_TOOLS.test(name));
  if (ours === 0 && others.length === 0 && !expected) db.exec(['BEGIN', ...SCHEMA, 'COMMIT'].join('; '));
  else if (ours === 0 && !others.some(isNamedAsOurs) && others.length > 0) throw anotherDatabase(db.location() ?? '');
  else if (others.length > 0) throw damaged('its tables are not those that were made');
  else throw gone(db.location() ?? '');
}

/** True for a table of ours that is not as we made it. */
function isNamedAsOurs({ name }: SchemaRow): boolean {
  return name === 'events' || name === 'bookkeeping';
}

/** There is a witness, and nothing of what it saw: only the operator knows whether events were lost, or the witness is left of another store. */
function gone(file: string): StoreDamaged {
  const witness = witnessOf(file);
  return new StoreDamaged(
    `The events are gone: ${file} is missing or empty, but ${witness} beside it tells of events that were there. Put ${file} back, or a backup of the folder. ` +
      `Where the store is meant to be new, delete ${witness} and start again.`,
  );
}

function anotherDatabase(file: string): StoreUnavailable {
  return new StoreUnavailable(`${file} is another database, not an event store. Move it away, or set DATA_DIR to another folder.`);
}
