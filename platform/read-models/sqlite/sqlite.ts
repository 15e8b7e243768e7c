/** The read models in one file, by node:sqlite: documents and checkpoint in one transaction. */
import type { DatabaseSync } from 'node:sqlite';
import { mutex } from '../../concurrency/mutex.ts';
import type { FoldingLog } from '../../sqlite/folding.ts';
import { openWrittenFile, type WrittenFile } from '../../sqlite/written-file.ts';
import { checkSpec } from '../fields.ts';
import { type ModelSpec, type ReadModels, ReadModelsUnavailable } from '../read-models.ts';
import { createWaiters } from '../waiters.ts';
import { createTables, openDocuments, type SqliteDocuments } from './documents.ts';
import { type FileLog, isDamage, MODEL_PAGES, openFile, replaceFile } from './file.ts';
import { openSqliteGenerations, type SqliteGenerations, tableName } from './generations.ts';
import { missingIndexes, openIndexer, runInThread } from './indexes.ts';
import type { Place } from './place.ts';
import { orphans, sweep } from './sweep.ts';

/** The open file with the statements that were prepared on it. */
interface Opened {
  db: DatabaseSync;
  written: WrittenFile;
  generations: SqliteGenerations;
  /** The documents of generations, by the table's name. */
  documents: Map<string, SqliteDocuments>;
  /** Aborts when the file is closed, or replaced. */
  closing: AbortController;
}

export interface SqliteReadModelsOptions {
  log: FileLog & Partial<FoldingLog>;
  /** Called once when an fsync failed, after which nothing more is written until the file is opened anew. */
  ended?: ((error: Error) => void) | undefined;
}

/**
 * Opens (or makes) the file at `path`. When it is found to be damaged, at any time, it is replaced by an empty one: the call at hand rejects,
 * `state` answers null from then on, and projections begin anew. Calls reject with ReadModelsUnavailable while the disk refuses.
 */
export function openSqliteReadModels(path: string, { log, ended }: SqliteReadModelsOptions): ReadModels {
  const waiters = createWaiters();
  /** Runs writes one after the other: SQLite has one writer, and that may be a thread that makes an index. */
  const inTurn = mutex();
  let opened = begun(openFile(path, log));
  let closed = false;
  let sweeping: Promise<void> = Promise.resolve();
  tidy();

  function begun(db: DatabaseSync): Opened {
    const unavailable = (cause: unknown) => new ReadModelsUnavailable(cause);
    const written = openWrittenFile({ db, file: path, log, pages: MODEL_PAGES, unavailable, ended });
    return { db, written, generations: openSqliteGenerations(db), documents: new Map(), closing: new AbortController() };
  }

  /** Runs a read at once. */
  async function read<T>(work: (file: Opened) => T): Promise<T> {
    const file = stillOpen();
    try {
      return file.written.read(() => work(file));
    } catch (error) {
      if (isDamage(error)) await inTurn(async () => renew(file, error));
      throw error;
    }
  }

  /** Runs a write when the writes before are done. */
  function write<T>(work: (file: Opened) => T | Promise<T>): Promise<T> {
    return inTurn(async () => {
      const file = stillOpen();
      try {
        return await file.written.writeLater(() => work(file));
      } catch (error) {
        if (isDamage(error)) renew(file, error);
        throw error;
      }
    });
  }

  function stillOpen(): Opened {
    if (closed) throw new ReadModelsUnavailable(new Error('the read models are closed'));
    return opened;
  }

  /** Replaces a damaged file, unless that is done already. */
  function renew(file: Opened, error: unknown): void {
    if (file !== opened || closed) return;
    log.warn({ file: path, err: error }, 'the read models are damaged; they are made again from the events');
    letGo();
    opened = begun(replaceFile(path));
  }

  function letGo(): void {
    opened.closing.abort();
    opened.written.close();
  }

  /** Removes the tables of dropped generations, in the background, one sweep after another. */
  function tidy(): void {
    const { db, generations, closing } = opened;
    const step = (work: () => void) => inTurn(async () => closing.signal.aborted || work());
    sweeping = sweeping
      .then(() => sweep({ db, live: generations.tables, signal: closing.signal, step }))
      .catch((error) => {
        if (!closing.signal.aborted) log.warn({ file: path, err: error }, 'old read models not removed; tried again with the next rebuild');
      });
  }

  function documentsOf({ db, generations, documents }: Opened, model: ModelSpec, generation: number): SqliteDocuments {
    const table = tableName(model.name, generation);
    const known = documents.get(table);
    if (known) return known;
    const made = openDocuments(db, placeOf(generations, model, generation));
    documents.set(table, made);
    return made;
  }

  /** Forgets the statements on dropped generations, and has their tables removed. */
  function forgetDropped({ generations, documents }: Opened): void {
    const live = generations.tables();
    for (const table of documents.keys()) if (!live.has(table)) documents.delete(table);
    tidy();
  }

  /** Makes the missing indexes of a generation, each in its turn among the writes. */
  async function index(model: ModelSpec, generation: number): Promise<void> {
    const { statements, indexer } = await read(({ db, generations }) => {
      const place = placeOf(generations, model, generation);
      const missing = missingIndexes(db, place, model);
      return { statements: missing, indexer: missing.length > 0 ? openIndexer(db, place.table) : undefined };
    });
    if (!indexer) return;
    try {
      for (const statement of statements) {
        await write((file) => {
          placeOf(file.generations, model, generation);
          return indexer.create(statement);
        });
      }
    } finally {
      await indexer.close();
    }
  }

  /** Tells the waiting the position of the generation that queries read. */
  function tell({ generations }: Opened, model: ModelSpec): void {
    const state = generations.state(model);
    if (state) waiters.at(model.name, state.checkpoint.position);
  }

  return {
    begin: (model) =>
      write((file) => {
        checkSpec(model);
        const generation = transaction(file.db, () => {
          const next = file.generations.begin(model);
          createTables(file.db, { table: tableName(model.name, next), fields: model.fields });
          return next;
        });
        forgetDropped(file);
        return generation;
      }),

    get: (model, generation, ids) => read((file) => documentsOf(file, model, generation).get(ids)),

    find: (model, generation, query) => read((file) => documentsOf(file, model, generation).find(model, query)),

    count: (model, generation, query) => read((file) => documentsOf(file, model, generation).count(model, query)),

    write: (model, generation, documents, checkpoint) =>
      write((file) => {
        const target = documentsOf(file, model, generation);
        transaction(file.db, () => {
          target.write(documents);
          file.generations.moveCheckpoint(model, generation, checkpoint);
        });
        tell(file, model);
      }),

    ready: index,

    state: (model, generation) => read(({ generations }) => generations.state(model, generation)),

    update: async (model, change) => {
      if (change.generation !== undefined) await index(model, change.generation);
      await write((file) => {
        transaction(file.db, () => file.generations.update(model, change));
        if (change.generation !== undefined) forgetDropped(file);
        tell(file, model);
      });
    },

    reached: async (model, position, timeout) => {
      const state = await read(({ generations }) => generations.state(model));
      return state && state.checkpoint.position >= position ? true : waiters.wait(model.name, position, timeout);
    },

    purge: async () => {
      tidy();
      await sweeping;
      await inTurn(async () => {
        const { db, generations, written } = stillOpen();
        if (orphans(db, generations.tables()).length > 0) throw new ReadModelsUnavailable(new Error('old read models are not removed yet'));
        await written.purge((statement) => runInThread(path, statement));
      });
    },

    close: () => {
      if (!closed) opened.closing.abort();
      closed = true;
      waiters.close();
      return inTurn(async () => {
        if (opened.db.isOpen) letGo();
      });
    },
  };
}

/** The place of a generation. Throws NoSuchGeneration. */
function placeOf(generations: SqliteGenerations, model: ModelSpec, generation: number): Place {
  return { table: tableName(model.name, generation), fields: generations.fields(model, generation) };
}

function transaction<T>(db: DatabaseSync, work: () => T): T {
  db.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    db.exec('COMMIT');
    return result;
  } catch (error) {
    // SQLite itself may have rolled back already, as for a full disk.
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}
