/** What is in the file of the log: our tables and indexes, which must be exactly as they were made, and whatever other tools put beside them. */
import type { DatabaseSync } from 'node:sqlite';
import { StoreUnavailable } from '../event-store.ts';
import { damaged } from './damage.ts';
import { SCHEMA } from './rows.ts';

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

/** Makes the tables where none of them is expected. */
function makeTables(db: DatabaseSync, found: SchemaRow[], { ours, expected }: { ours: number; expected: boolean }): void {
  const others = found.filter(({ name }) => !OF_TOOLS.test(name));
  if (ours === 0 && others.length === 0 && !expected) db.exec(['BEGIN', ...SCHEMA, 'COMMIT'].join('; '));
  else if (ours === 0 && !others.some(isNamedAsOurs) && others.length > 0) throw anotherDatabase(db.location() ?? '');
  else throw damaged(others.length === 0 ? 'the file is gone or empty' : 'its tables are not those that were made');
}

/** True for a table of ours that is not as we made it. */
function isNamedAsOurs({ name }: SchemaRow): boolean {
  return name === 'events' || name === 'bookkeeping';
}

function anotherDatabase(file: string): StoreUnavailable {
  return new StoreUnavailable(`${file} is another database, not an event store. Move it away, or set DATA_DIR to another folder.`);
}
