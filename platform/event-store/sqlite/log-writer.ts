/** The writer: owns the writing connection, commits waiting appends as one group, keeps the witness. Runs in its own thread (writer-thread.ts). */
import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { isForwardable } from '../../../contracts/message.ts';
import { AppendUnknown } from '../event-store.ts';
import { damaged, guarded, leftNothing, translated } from './damage.ts';
import { openBookkeeping, openEvents } from './log-tables.ts';
import { SCHEMA } from './rows.ts';
import { checkWal } from './wal.ts';
import type { WireAppend, WireResult } from './wire.ts';
import { type Ends, openWitness } from './witness.ts';

export interface LogWriter {
  /**
   * Commits a group of appends, each judged on its own, and answers once it is on the disk. Errors: AppendUnknown when it is not known whether the
   * group was recorded (then nothing more may be written); after any other error nothing was.
   */
  commit(appends: readonly WireAppend[]): WireResult[];
  /** Writes the witness, folds the write-ahead log into the file, and closes the file. */
  close(): void;
}

/**
 * Opens the file, or makes it where it is missing, and compares it with its witness. `warn` hears of a witness that cannot be written.
 * Errors: StoreDamaged, StoreUnavailable.
 */
export function openLogWriter(file: string, warn: (message: string) => void): LogWriter {
  return guarded(() => open(file, warn));
}

function open(file: string, warn: (message: string) => void): LogWriter {
  checkWal(`${file}-wal`);
  const db = new DatabaseSync(file, { timeout: 5_000 });
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536; PRAGMA cell_size_check = ON');
  // 8 MB of write-ahead log between checkpoints: fewer of them, each page written once for its many changes.
  db.exec('PRAGMA wal_autocheckpoint = 2000');
  openSchema(db, existsSync(`${file}-witness`));
  const tables = { events: openEvents(db), bookkeeping: openBookkeeping(db) };
  const ends = (): Ends => ({ events: tables.events.end(), bookkeeping: tables.bookkeeping.end() });
  const witness = openWitness({ file, ends, checksumAt: (table, position) => tables[table].checksumAt(position), warn });
  // The last run's write-ahead log was found in order: it goes into the file, so that later damage to it can hide nothing.
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  const begin = db.prepare('BEGIN IMMEDIATE');
  const commit = db.prepare('COMMIT');

  const append = (it: WireAppend) => tables[isForwardable(it.stream) ? 'events' : 'bookkeeping'].append(it);

  function rollBack(): void {
    if (db.isTransaction) db.exec('ROLLBACK');
    tables.events.reload();
    tables.bookkeeping.reload();
  }

  function record(appends: readonly WireAppend[]): WireResult[] {
    try {
      begin.run();
      return appends.map(append);
    } catch (error) {
      rollBack();
      throw translated(error);
    }
  }

  return {
    commit: (appends) => {
      const results = record(appends);
      try {
        commit.run();
      } catch (error) {
        if (!leftNothing(error)) throw new AppendUnknown(`the disk failed while events were written (${(error as Error).message})`, { cause: error });
        rollBack();
        throw translated(error);
      }
      witness.moved();
      return results;
    },
    close: () => {
      witness.close();
      db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      db.close();
    },
  };
}

/** Makes the tables in a new file; in an old one they must be exactly ours. Error: StoreDamaged. */
function openSchema(db: DatabaseSync, expected: boolean): void {
  const found = (db.prepare('SELECT sql FROM sqlite_schema').all() as { sql: string }[]).map((row) => row.sql);
  if (found.length === 0 && !expected) {
    db.exec(['BEGIN', ...SCHEMA, 'COMMIT'].join('; '));
    return;
  }
  const same = found.length === SCHEMA.length && SCHEMA.every((sql) => found.includes(sql));
  if (!same) throw damaged(found.length === 0 ? 'the file is gone or empty' : 'its tables are not those that were made');
}
