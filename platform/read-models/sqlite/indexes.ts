/**
 * The indexes of a generation, made when it is about to be read. While a generation is built nobody queries it, and making an index of
 * all documents at once, sorted, costs a tenth of keeping one up to date document by document.
 */
import { once } from 'node:events';
import type { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import type { ModelSpec } from '../read-models.ts';
import { column, type Place, quoted, scalarFields } from './place.ts';

/** Documents above which indexes are made in a thread of their own; for fewer it takes a few milliseconds. */
const MANY = 2_000;

/** The statements that make the missing indexes of a generation. */
export function missingIndexes(db: DatabaseSync, place: Place, { indexes }: Pick<ModelSpec, 'indexes'>): string[] {
  const { table } = place;
  const columns = new Set(scalarFields(place).map(([field]) => field));
  const there = new Set(
    db
      .prepare("SELECT name FROM sqlite_master WHERE type = 'index'")
      .all()
      .map(({ name }) => name),
  );
  const wanted: [name: string, on: string][] = [];
  for (const [number, fields] of indexes.entries()) {
    // Fields of texts have no column, but a table of their own, which is their index.
    const keys = fields.filter((field) => columns.has(field)).map(column);
    if (keys.length > 0) wanted.push([`${table}#${number}`, `${quoted(table)} (${keys.join(', ')}, id) WHERE document IS NOT NULL`]);
  }
  return wanted.filter(([name]) => !there.has(name)).map(([name, on]) => `CREATE INDEX IF NOT EXISTS "${name}" ON ${on}`);
}

/** A maker of indexes. Until an index is made nobody else may write to the file: SQLite has one writer. */
export interface Indexer {
  create(statement: string): Promise<void>;
  /** Ends the indexer's thread. */
  close(): Promise<void>;
}

/** Opens an indexer for a generation's table: with a thread where there are many documents, so that requests are answered meanwhile. */
export function openIndexer(db: DatabaseSync, table: string): Indexer {
  const { n } = db.prepare(`SELECT max(n) AS n FROM ${quoted(table)}`).get() ?? {};
  if (Number(n ?? 0) > MANY) return openThread(db.location() ?? '');
  return { create: async (statement) => db.exec(statement), close: async () => {} };
}

/** Runs a statement that takes long in a thread of its own, on a connection of its own; nobody may write to the file meanwhile. */
export async function runInThread(path: string, statement: string): Promise<void> {
  const thread = openThread(path);
  try {
    await thread.create(statement);
  } finally {
    await thread.close();
  }
}

/** Starts one thread for all indexes: starting it takes as long as making a small index. */
function openThread(path: string): Indexer {
  const worker = new Worker(new URL('./index-thread.ts', import.meta.url), { workerData: path });
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const failed = new Promise<never>((_, reject) => {
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('the thread that makes indexes ended')));
  });
  // The failure, or an end that nobody asked for, is heard by the next caller of `create`.
  failed.catch(() => {});
  return {
    create: async (statement) => {
      const made = once(worker, 'message');
      worker.postMessage(statement);
      await Promise.race([made, failed]);
    },
    close: () => {
      worker.postMessage(null);
      return ended;
    },
  };
}
