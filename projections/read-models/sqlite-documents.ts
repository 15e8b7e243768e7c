/**
 * The documents of one generation: a table with a column for each `text` and `number` field, and beside it a table for each `texts` field.
 * docs/decisions/0002-read-models.md says why.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { scalarOf, textsOf } from './fields.ts';
import type { Document, Find, ModelSpec, Stored } from './read-models.ts';
import { Damaged } from './sqlite-file.ts';
import { openFinder } from './sqlite-find.ts';
import { column, type Place, quoted, scalarFields, textsFields } from './sqlite-place.ts';

export interface Documents {
  get(ids: readonly string[]): Stored[];
  find(model: ModelSpec, query: Find): Stored[];
  /** Replaces documents that are older. Within the caller's transaction. */
  write(documents: readonly Stored[]): void;
}

/** Makes the tables of a new generation. Every name was checked by checkSpec. Its other indexes come when it is to be read (sqlite-indexes.ts). */
export function createTables(db: DatabaseSync, place: Place): void {
  const { table } = place;
  const columns = scalarFields(place).map(([field, kind]) => `${column(field)} ${kind === 'text' ? 'TEXT' : 'REAL'},`);
  db.exec(`CREATE TABLE ${quoted(table)} (n INTEGER PRIMARY KEY, id TEXT NOT NULL, position TEXT NOT NULL, ${columns.join(' ')} document TEXT)`);
  // An index of its own, and no constraint: a table that is dropped loses its indexes first, one at a time.
  db.exec(`CREATE UNIQUE INDEX "${table}#id" ON ${quoted(table)} (id)`);
  for (const field of textsFields(place)) {
    db.exec(`CREATE TABLE ${quoted(table, field)} (doc INTEGER, value TEXT, PRIMARY KEY (doc, value)) WITHOUT ROWID`);
  }
}

export function openDocuments(db: DatabaseSync, place: Place): Documents {
  const { table } = place;
  const scalars = scalarFields(place);
  const empty = scalars.map(() => null);
  const one = db.prepare(`SELECT id, position, document FROM ${quoted(table)} WHERE id = ?`);
  const put = preparePut(db, place);
  const texts = textsFields(place).map((field) => openTexts(db, table, field));
  const find = openFinder(db, place);
  let highest = Number(db.prepare(`SELECT max(n) AS n FROM ${quoted(table)}`).get()?.n ?? 0);

  function writeOne({ id, position, document }: Stored): void {
    const row = put.get(id, position, ...columnsOf(document), document && JSON.stringify(document));
    // No row: what is there is as new, or newer.
    if (!row) return;
    const doc = Number(row.n);
    // Numbers only rise, so one above all has no texts yet. After a rollback `highest` is too high: then it is only looked for in vain.
    const isNew = doc > highest;
    if (isNew) highest = doc;
    for (const field of texts) field.set({ doc, isNew }, document);
  }

  function columnsOf(document: Document | null): (string | number | null)[] {
    return document ? scalars.map(([field, kind]) => scalarOf(document, field, kind)) : empty;
  }

  return {
    get: (ids) => [...new Set(ids)].flatMap((id) => rows(one, [id])),
    find: (model, query) => find(model, query).map(stored),
    write: (documents) => {
      for (const one of documents) writeOne(one);
    },
  };
}

function preparePut(db: DatabaseSync, place: Place): StatementSync {
  const columns = ['position', ...scalarFields(place).map(([field]) => column(field)), 'document'];
  const replaced = columns.map((name) => `${name} = excluded.${name}`);
  return db.prepare(`
    INSERT INTO ${quoted(place.table)} (id, ${columns.join(', ')}) VALUES (?, ${columns.map(() => '?').join(', ')})
    ON CONFLICT (id) DO UPDATE SET ${replaced.join(', ')} WHERE excluded.position > position RETURNING n`);
}

/** The table of a `texts` field. */
function openTexts(db: DatabaseSync, table: string, field: string) {
  const side = quoted(table, field);
  const remove = db.prepare(`DELETE FROM ${side} WHERE doc = ?1 AND value NOT IN (SELECT value FROM json_each(?2))`);
  const add = db.prepare(`INSERT OR IGNORE INTO ${side} SELECT ?1, value FROM json_each(?2)`);
  return {
    /** Only what differs is written. */
    set({ doc, isNew }: { doc: number; isNew: boolean }, document: Document | null): void {
      const values = document ? textsOf(document, field) : [];
      const json = JSON.stringify(values);
      if (!isNew) remove.run(doc, json);
      if (values.length > 0) add.run(doc, json);
    },
  };
}

function rows(statement: StatementSync, values: string[]): Stored[] {
  return statement.all(...values).map(stored);
}

/** A row as it is kept → as it is handed out. */
function stored(row: Record<string, unknown>): Stored {
  return { id: String(row.id), position: String(row.position), document: row.document === null ? null : parse(String(row.document)) };
}

function parse(text: string): Document {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Damaged('a document is not JSON', { cause: error });
  }
}
