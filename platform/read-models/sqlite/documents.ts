/**
 * The documents of one generation: a table with a column for each `text` and `number` field, and beside it a table for each `texts` field.
 * The reasons are in docs/decisions/0002-read-models.md.
 */
import type { DatabaseSync } from 'node:sqlite';
import { scalarOf } from '../fields.ts';
import type { Count, Document, Find, ModelSpec, Stored } from '../read-models.ts';
import { Damaged } from './file.ts';
import { openFinder } from './find.ts';
import { column, type Place, quoted, scalarFields, textsFields } from './place.ts';
import { gatherTexts, prepareTexts } from './texts.ts';

export interface SqliteDocuments {
  get(ids: readonly string[]): Stored[];
  find(model: ModelSpec, query: Find): Stored[];
  count(model: ModelSpec, query: Count): number;
  /** Replaces older documents, within the caller's transaction. */
  write(documents: readonly Stored[]): void;
}

/** Makes the tables of a new generation, whose names checkSpec has checked. Its other indexes are made when it is to be read (indexes.ts). */
export function createTables(db: DatabaseSync, place: Place): void {
  const { table } = place;
  const columns = scalarFields(place).map(([field, kind]) => `${column(field)} ${kind === 'text' ? 'TEXT' : 'REAL'},`);
  db.exec(`CREATE TABLE ${quoted(table)} (n INTEGER PRIMARY KEY, id TEXT NOT NULL, position TEXT NOT NULL, ${columns.join(' ')} document TEXT)`);
  // An index of its own, and no constraint: a table that is dropped loses its indexes first, one at a time.
  db.exec(`CREATE UNIQUE INDEX "${table}#id" ON ${quoted(table)} (id)`);
  for (const field of textsFields(place)) {
    db.exec(`CREATE TABLE ${quoted(table, field)} (value TEXT, doc INTEGER, PRIMARY KEY (value, doc)) WITHOUT ROWID`);
  }
}

export function openDocuments(db: DatabaseSync, place: Place): SqliteDocuments {
  const scalars = scalarFields(place);
  const empty = scalars.map(() => null);
  const statements = prepare(db, place);
  const tables = textsFields(place).map((field) => prepareTexts(db, place.table, field));
  const finder = openFinder(db, place);

  function write(documents: readonly Stored[]): void {
    const texts = tables.map(gatherTexts);
    const changed: Changed = (n, before, after) => {
      for (const one of texts) one.change(n, before, after);
    };
    for (const one of documents) writeOne(one, changed);
    for (const one of texts) one.write();
  }

  function writeOne({ id, position, document }: Stored, changed: Changed): void {
    const values = [position, ...columnsOf(document), document && JSON.stringify(document)];
    const made = statements.insert.get(id, ...values);
    if (made) changed(Number(made.n), null, document);
    else replaceOlder(statements.one.get(id) as Row);

    function replaceOlder(there: Row): void {
      if (String(there.position) >= position) return;
      statements.replace.run(...values, Number(there.n));
      changed(Number(there.n), stored(there).document, document);
    }
  }

  function columnsOf(document: Document | null): (string | number | null)[] {
    return document ? scalars.map(([field, kind]) => scalarOf(document, field, kind)) : empty;
  }

  return {
    get: (ids) => [...new Set(ids)].flatMap((id) => statements.one.all(id).map(stored)),
    find: (model, query) => finder.find(model, query).map(stored),
    count: finder.count,
    write,
  };
}

type Row = Record<string, unknown>;
/** Hears of a changed document: its number, its content before and after; null for none, or a tombstone. */
type Changed = (n: number, before: Document | null, after: Document | null) => void;

function prepare(db: DatabaseSync, place: Place) {
  const table = quoted(place.table);
  const columns = ['position', ...scalarFields(place).map(([field]) => column(field)), 'document'];
  const marks = columns.map(() => '?');
  return {
    one: db.prepare(`SELECT n, id, position, document FROM ${table} WHERE id = ?`),
    insert: db.prepare(`INSERT INTO ${table} (id, ${columns.join(', ')}) VALUES (?, ${marks.join(', ')}) ON CONFLICT (id) DO NOTHING RETURNING n`),
    replace: db.prepare(`UPDATE ${table} SET ${columns.map((name) => `${name} = ?`).join(', ')} WHERE n = ?`),
  };
}

/** The document in a row. */
function stored(row: Row): Stored {
  return { id: String(row.id), position: String(row.position), document: row.document === null ? null : parse(String(row.document)) };
}

function parse(text: string): Document {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Damaged('a document is not JSON', { cause: error });
  }
}
