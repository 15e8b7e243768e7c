/**
 * Verifies the indexes at each start. Reading never shows a row that changed (its checksum) nor skips one of the log (positions are dense), but it
 * cannot see that an index lost the end of a stream. So every index is compared with its table: of a small file before the store opens, with all
 * of SQLite's own checks; of a large one in a thread beside the work, the newest events first (their streams are in use), in slices so that the
 * write-ahead log is not held up.
 */
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { StoreDamaged } from '../event-store.ts';
import { damaged, guarded } from './damage.ts';
import { streamHash } from './rows.ts';

/** Bytes of a file that is verified before the store opens: some 15,000 events, some 50 ms. */
const AT_ONCE = 16 * 1024 * 1024;
/** Events compared in one read transaction. */
const SLICE = 5_000;

/**
 * Verifies, at once or beside the work. Errors: StoreDamaged, StoreUnavailable at once. Later damage is given to `found`, and the error of a thread
 * that ended before it had looked at everything to `warn`.
 */
export function verify(file: string, found: (damage: StoreDamaged) => void, warn: (message: string) => void): { stop(): Promise<void> } {
  if (statSync(file).size <= AT_ONCE) {
    verifyAll(file);
    return { stop: async () => {} };
  }
  const worker = new Worker(new URL(import.meta.url), { workerData: { verify: file }, execArgv: ['--disable-warning=ExperimentalWarning'] });
  const exit = once(worker, 'exit').catch(() => {});
  worker.on('message', (message: string) => found(new StoreDamaged(message)));
  worker.on('error', (error) => warn(`the indexes were not compared to their end (${error.message}); the next start does it again`));
  worker.unref();
  return {
    stop: async () => {
      await worker.terminate();
      await exit;
    },
  };
}

/** All of it, with SQLite's own checks of the file's structure. Error: StoreDamaged. */
function verifyAll(file: string): void {
  withDatabase(file, (db) => integrity(db, ''));
}

/** The same question for a large log: is every event found where it is looked for? Error: StoreDamaged. */
export function verifyInSlices(file: string): void {
  withDatabase(file, (db) => {
    const [head] = (arrays(db, 'SELECT max(position) FROM events').get() ?? [0]) as [number | null];
    for (let to = head ?? 0; to > 0; to -= SLICE) verifySlice(db, Math.max(to - SLICE, 0), to);
    integrity(db, '(bookkeeping)');
  });
}

/** Events after `from` up to `to`: each is there, the index of its stream leads to it, and a first event is found by its stream's name. */
function verifySlice(db: DatabaseSync, from: number, to: number): void {
  const [count, found] = arrays(
    db,
    `SELECT count(*), count((SELECT 1 FROM events AS i INDEXED BY events_by_stream WHERE i.birth = e.birth AND i.revision = e.revision AND i.position = e.position))
     FROM events AS e WHERE position > ? AND position <= ?`,
  ).get(from, to) as unknown as [number, number];
  if (count !== to - from) throw damaged(`events are missing between positions ${from} and ${to}`);
  if (found !== count) throw damaged(`the index of streams misses events between positions ${from} and ${to}`);
  const firsts = arrays(db, 'SELECT position, stream, birth FROM events WHERE position > ? AND position <= ? AND revision = 0');
  const first = arrays(db, 'SELECT position FROM events INDEXED BY events_first WHERE hash = ? AND stream = ?');
  for (const [position, stream, birth] of firsts.all(from, to) as unknown as [number, string, number][]) {
    const [at] = (first.get(streamHash(stream), stream) ?? []) as [number?];
    if (at !== position || birth !== position) throw damaged(`the stream of position ${position} is not found by its name`);
  }
}

function integrity(db: DatabaseSync, what: string): void {
  for (const [result] of arrays(db, `PRAGMA integrity_check${what}`).all() as unknown as [string][]) if (result !== 'ok') throw damaged(result);
}

function arrays(db: DatabaseSync, sql: string) {
  const statement = db.prepare(sql);
  statement.setReturnArrays(true);
  return statement;
}

function withDatabase(file: string, work: (db: DatabaseSync) => void): void {
  guarded(() => {
    const db = new DatabaseSync(file, { readOnly: true, timeout: 5_000 });
    try {
      work(db);
    } finally {
      db.close();
    }
  });
}

const toVerify = isMainThread ? undefined : (workerData as { verify?: string } | null)?.verify;
if (toVerify) {
  try {
    verifyInSlices(toVerify);
  } catch (error) {
    if (error instanceof StoreDamaged) parentPort?.postMessage(error.message);
    else throw error;
  }
}
