/** Databases of other applications in the place of ours: found before anything of them is changed. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { UserError } from '../user-error.ts';

export interface OwnTable {
  /** The table that every file of ours has, and the columns that it has had since the first release. */
  table: string;
  columns: readonly string[];
  /** The file's name for people, and what to do where it is not ours, one sentence. */
  what: string;
  advice: string;
}

/**
 * Looks into a file, read-only, before its mode, its journal or its tables are changed. What is missing or empty, and what SQLite cannot read, passes: the opening
 * tells of that. Error: UserError where the file is a database of somebody else.
 */
export function refuseAnotherDatabase(file: string, { table, columns, what, advice }: OwnTable): void {
  if (!statSync(file, { throwIfNoEntry: false })?.size) return;
  const found = columnsIn(file, table);
  if (!found || columns.every((name) => found.includes(name))) return;
  throw new UserError(`${file} is another database, not ${what}. ${advice}`);
}

/** The names of a table's columns, none where it is not there; null where there is no table at all, or the file cannot be read. */
function columnsIn(file: string, table: string): string[] | null {
  try {
    // Immutable: nothing is made beside the file. What is in a write-ahead log alone is not seen, and passes.
    const at = pathToFileURL(resolve(file));
    at.searchParams.set('immutable', '1');
    const db = new DatabaseSync(at, { readOnly: true });
    try {
      const isEmpty = !db
        .prepare("SELECT 1 FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE '\\_litestream\\_%' ESCAPE '\\'")
        .get();
      return isEmpty
        ? null
        : db
            .prepare('SELECT name FROM pragma_table_info(?)')
            .all(table)
            .map(({ name }) => String(name));
    } finally {
      db.close();
    }
  } catch {
    return null;
  }
}
