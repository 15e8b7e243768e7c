/** The writer: owns the writing connection, commits waiting appends as one group, keeps the witness. Runs in its own thread (writer-thread.ts). */
import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { isForwardable } from '../../../contracts/message.ts';
import { fsyncFailed, leftNothing } from '../../sqlite/disk-errors.ts';
import { type FoldingLog, openFolding } from '../../sqlite/folding.ts';
import { AppendUnknown } from '../event-store.ts';
import { guarded, translated } from './damage.ts';
import { openBookkeeping, openEvents } from './log-tables.ts';
import { checkNotForeign, openSchema } from './schema.ts';
import { checkWal } from './wal.ts';
import type { WireAppend, WireResult } from './wire.ts';
import { type Ends, openWitness, witnessOf } from './witness.ts';

export interface LogWriter {
  /**
   * Commits a group of appends, each judged on its own, and answers once it is on the disk. Errors: AppendUnknown when it is not known whether the
   * group was recorded; after any other error nothing was, and the next group may be.
   */
  commit(appends: readonly WireAppend[]): WireResult[];
  /** Folds a write-ahead log that has grown into the file, as far as readers and the disk allow. Error: AppendUnknown after a failed fsync. */
  fold(): void;
  /** Looks after the size of the write-ahead log's file, every few seconds. Error: AppendUnknown after a failed fsync. */
  look(): void;
  /** Writes the witness, folds the write-ahead log into the file, and closes the file. */
  close(): void;
  /** Ends the work after AppendUnknown: nothing more is written or witnessed, because it is not known what is on the disk. */
  abandon(): void;
}

/** Frames of the write-ahead log between two foldings, some 8 MB: fewer of them, each page written once for its many changes. */
const PAGES = 2_000;

const FOREIGN = 'the file of the events holds things that are not ours; they are left alone';

/**
 * Opens the file, or makes it where it is missing, and compares it with its witness. `log` hears of a witness that cannot be written, and of a
 * write-ahead log that grows. Errors: StoreDamaged, StoreUnavailable.
 */
export function openLogWriter(file: string, log: FoldingLog): LogWriter {
  return guarded(() => open(file, log));
}

function open(file: string, log: FoldingLog): LogWriter {
  checkNotForeign(file);
  checkWal(file);
  const db = new DatabaseSync(file, { timeout: 5_000 });
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536; PRAGMA cell_size_check = ON');
  const folding = openFolding({ db, file, log, pages: PAGES });
  openSchema(db, { expected: existsSync(witnessOf(file)), foreign: (names) => log.info?.({ file, names }, FOREIGN) });
  const tables = { events: openEvents(db), bookkeeping: openBookkeeping(db) };
  const ends = (): Ends => ({ events: tables.events.end(), bookkeeping: tables.bookkeeping.end() });
  /** The ends of what was committed: of nothing else may the witness tell. */
  let durable = ends();
  const witness = openWitness({
    file,
    ends: () => durable,
    checksumAt: (table, position) => tables[table].checksumAt(position),
    warn: (message) => log.error({ file }, message),
  });
  // The last run's write-ahead log was found in order: it goes into the file, so that later damage to it can hide nothing.
  folding.foldAll();
  const alone = watchingOthers(db);
  const begin = db.prepare('BEGIN IMMEDIATE');
  const commit = db.prepare('COMMIT');

  const append = (it: WireAppend) => tables[isForwardable(it.stream) ? 'events' : 'bookkeeping'].append(it);

  /** The error of all that comes after another process has written into the tables. */
  let overtaken: AppendUnknown | undefined;
  /** True from an error until the tables' ends are again those of the file. */
  let stale = false;

  /** Goes back to what is durable. Where the disk does not even allow that, the next group tries again before anything else. */
  function rollBack(): void {
    stale = true;
    if (db.isTransaction) db.exec('ROLLBACK');
    tables.events.reload();
    tables.bookkeeping.reload();
    stale = false;
  }

  function record(appends: readonly WireAppend[]): WireResult[] {
    if (overtaken) throw overtaken;
    if (stale) rollBack();
    begin.run();
    if (!alone()) checkAlone();
    return appends.map(append);
  }

  /** Somebody else has written into the file, as tools do into tables of theirs. Error: AppendUnknown where it was into ours. */
  function checkAlone(): void {
    tables.events.reload();
    tables.bookkeeping.reload();
    const { events, bookkeeping } = ends();
    if (events.position === durable.events.position && bookkeeping.position === durable.bookkeeping.position) return;
    db.exec('ROLLBACK');
    overtaken = new AppendUnknown(`another process writes into ${file}, which is one process's alone: stop one of the two`);
    throw overtaken;
  }

  /** The error of a group, after which the writer is back at what is durable, or knows that it is not. */
  function failed(error: unknown, known: boolean): unknown {
    if (!known) return unknown(error);
    try {
      rollBack();
    } catch (cause) {
      return fsyncFailed(cause) ? unknown(cause) : translated(error);
    }
    return translated(error);
  }

  return {
    commit: (appends) => {
      let results: WireResult[];
      try {
        results = record(appends);
      } catch (error) {
        throw error instanceof AppendUnknown ? error : failed(error, !fsyncFailed(error));
      }
      try {
        commit.run();
      } catch (error) {
        throw failed(error, leftNothing(error));
      }
      durable = ends();
      witness.moved();
      return results;
    },
    fold: () => folded(folding.fold),
    look: () => folded(folding.look),
    close: () => {
      witness.close();
      folding.foldAll();
      db.close();
    },
    abandon: () => witness.abandon(),
  };
}

/** Error: AppendUnknown after a failed fsync, the only error of a folding that is not its own affair. */
function folded(folding: () => void): void {
  try {
    folding();
  } catch (error) {
    throw unknown(error);
  }
}

function unknown(cause: unknown): AppendUnknown {
  return new AppendUnknown(`the disk failed while events were written (${(cause as Error).message})`, { cause });
}

/** Makes a function that answers true where nobody else has written into the file since the call before. */
function watchingOthers(db: DatabaseSync): () => boolean {
  const statement = db.prepare('PRAGMA data_version');
  const read = () => (statement.get() as { data_version: number }).data_version;
  let seen = read();
  return () => {
    const now = read();
    const same = now === seen;
    seen = now;
    return same;
  };
}
