/**
 * Folding: moving what is in the write-ahead log of an SQLite file into the file. It is in our hands, because SQLite's own checkpoints hide their
 * errors. SQLite begins the log again from its head only when all of it is folded and nobody reads from it any more, so somebody who reads for long
 * makes it grow.
 *
 * It is also where every file of ours is set to overwrite what is deleted: zeros stand in its place, and not the old text on a free page.
 */
import { statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { fsyncFailed } from './disk-errors.ts';
import { readersOf } from './readers.ts';

export interface FoldingLog {
  error(data: object, message: string): void;
  info?(data: object, message: string): void;
}

export interface Folding {
  /** Folds a log that has grown, as far as readers and the disk allow; for the end of each transaction. Error: SQLite's own after a failed fsync. */
  fold(): void;
  /**
   * Folds all of the log and empties its file, where nobody reads from it and the disk allows it; true where it is empty then. Error: SQLite's own after
   * a failed fsync.
   */
  foldAll(): boolean;
  /**
   * Looks at the size of the log's file, and empties it where it is longer than it should be; for every few seconds (`LOOK_EVERY`). A log of a
   * gigabyte is told to people, once, with the reason. Error: SQLite's own after a failed fsync.
   */
  look(): void;
}

export interface FoldingOptions {
  db: DatabaseSync;
  /** Path of the file; `<file>-wal` is its log. */
  file: string;
  log: FoldingLog;
  /** Pages in the log up to which it is not folded: fewer foldings write a page once for its many changes. */
  pages: number;
  /** Bytes of the log's file from which on people are told; default 1 GiB. */
  most?: number;
}

/** Milliseconds between two looks at a log. */
export const LOOK_EVERY = 2_000;
/** Bytes that the log's file keeps when the log begins again. */
const KEPT = 64 * 1024 * 1024;
const MOST = 1024 * 1024 * 1024;

interface Checkpointed {
  /** 1 where somebody else reads or writes. */
  busy: number;
  /** Pages in the log, and how many of them are folded. */
  log: number;
  checkpointed: number;
}

/** Takes the folding of a file into our hands, and has SQLite overwrite what is deleted from now on. */
export function openFolding({ db, file, log, pages, most = MOST }: FoldingOptions): Folding {
  db.exec(`PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = ${KEPT}; PRAGMA secure_delete = ON`);
  const count = db.prepare('PRAGMA wal_checkpoint(NOOP)');
  const passive = db.prepare('PRAGMA wal_checkpoint(PASSIVE)');
  const { timeout } = db.prepare('PRAGMA busy_timeout').get() as { timeout: number };
  const tell = openTelling({ file, log, most });
  /** The last error of a folding, where there was one since the last that worked. */
  let trouble: Error | undefined;

  /** Runs a folding. On a full disk the log grows on, and is folded once there is room. */
  function tried(folding: () => void): void {
    try {
      folding();
      trouble = undefined;
    } catch (error) {
      if (fsyncFailed(error)) throw error;
      trouble = error as Error;
    }
  }

  /** Folds and empties the log without waiting for whoever reads from it. */
  function empty(): void {
    db.exec('PRAGMA busy_timeout = 0');
    try {
      db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } finally {
      db.exec(`PRAGMA busy_timeout = ${timeout}`);
    }
  }

  return {
    fold: () =>
      tried(() => {
        if ((count.get() as unknown as Checkpointed).log > pages) passive.run();
      }),
    foldAll: () => {
      tried(empty);
      return sizeOfLog(file) === 0;
    },
    look: () => {
      if (sizeOfLog(file) > KEPT) tried(empty);
      tell(sizeOfLog(file), trouble);
    },
  };
}

/** Tells people of a log that is long, once, and of its being short again. */
function openTelling({ file, log, most }: { file: string; log: FoldingLog; most: number }): (bytes: number, trouble: Error | undefined) => void {
  let told = false;

  function long(bytes: number, trouble: Error | undefined): void {
    told = true;
    const reason = trouble ? { err: trouble } : {};
    log.error(
      { file: `${file}-wal`, bytes, ...reason },
      `the write-ahead log has grown to ${Math.round(bytes / 1024 / 1024)} MB: ${why(file, trouble)}`,
    );
  }

  function short(bytes: number): void {
    told = false;
    log.info?.({ file: `${file}-wal`, bytes }, 'the write-ahead log is short again');
  }

  return (bytes, trouble) => {
    if (!told && bytes > most) long(bytes, trouble);
    if (told && bytes < most / 2) short(bytes);
  };
}

/** Bytes of the write-ahead log of an SQLite file; 0 where it has none. */
export function sizeOfLog(file: string): number {
  return statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
}

function why(file: string, trouble: Error | undefined): string {
  if (trouble) return 'the disk does not let it be folded into the file. It shrinks once that works again';
  const readers = readersOf(file);
  const who = readers.length > 0 ? `process ${readers.join(', ')}; ` : '';
  return `somebody reads the file for long (${who}a backup, another program with an open transaction on it), and until that ends it cannot begin again. It shrinks by itself then`;
}
