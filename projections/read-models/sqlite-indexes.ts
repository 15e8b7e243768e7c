/**
 * The indexes of a generation, made when it is about to be read. While it is built nobody queries it, and an index that is made of
 * all documents at once, sorted, costs a tenth of one that is kept up to date document by document.
 */

import type { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import type { ModelSpec } from './read-models.ts';
import { column, type Place, quoted, scalarFields, textsFields } from './sqlite-place.ts';

/** Documents above which an index is made in a thread of its own: fewer take a few milliseconds. */
const MANY = 2_000;

/** The statements that make a generation's indexes; each can be repeated. */
export function indexStatements(place: Place, { indexes }: Pick<ModelSpec, 'indexes'>): string[] {
  const { table } = place;
  const columns = new Set(scalarFields(place).map(([field]) => field));
  const statements: string[] = [];
  for (const [number, fields] of indexes.entries()) {
    // Fields of texts have tables, and indexes, of their own.
    const keys = fields.filter((field) => columns.has(field)).map(column);
    if (keys.length === 0) continue;
    statements.push(`CREATE INDEX IF NOT EXISTS "${table}#${number}" ON ${quoted(table)} (${keys.join(', ')}, id) WHERE document IS NOT NULL`);
  }
  for (const field of textsFields(place)) {
    statements.push(`CREATE INDEX IF NOT EXISTS "${table}.${field}#value" ON ${quoted(table, field)} (value)`);
  }
  return statements;
}

/**
 * Makes one index, in a thread where there are many documents, so that requests are answered meanwhile. Until it resolves nobody else may
 * write to the file: SQLite has one writer.
 */
export async function createIndex(db: DatabaseSync, table: string, statement: string): Promise<void> {
  const { n } = db.prepare(`SELECT max(n) AS n FROM ${quoted(table)}`).get() ?? {};
  if (Number(n ?? 0) <= MANY) db.exec(statement);
  else await inThread({ path: db.location() ?? '', statement });
}

function inThread(workerData: IndexJob): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./sqlite-index-thread.ts', import.meta.url), { workerData });
    worker.once('error', reject);
    worker.once('exit', () => resolve());
  });
}

/** What the thread is to do. */
export interface IndexJob {
  path: string;
  statement: string;
}
