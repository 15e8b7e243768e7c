/**
 * An SQLite file that this process alone writes. A write that the disk refused before its fsync left nothing, and the next one is tried. After a failed
 * fsync nobody knows what is on the disk, and a second one would prove nothing: nothing more is written, and the process does well to end, because the
 * next start finds out.
 */
import type { DatabaseSync } from 'node:sqlite';
import { UserError } from '../user-error.ts';
import { diskRefused, fsyncFailed } from './disk-errors.ts';
import { type FoldingLog, LOOK_EVERY, openFolding } from './folding.ts';

export interface WrittenFile {
  /** Runs a write, which begins and ends its transaction; then folds the log. Errors: `unavailable` where the disk refused; those of the work. */
  write<T>(work: () => T): T;
  /** The same for a write that takes turns of the event loop. */
  writeLater<T>(work: () => T | Promise<T>): Promise<T>;
  /** Runs a read. Errors: `unavailable` where the disk refused; those of the work. */
  read<T>(work: () => T): T;
  /** Error: `unavailable` after a failed fsync, or where the file is closed. */
  check(): void;
  /**
   * Leaves nothing of what was deleted: writes the file anew without free pages, which older releases did not overwrite, and empties its log. Repeating it
   * does no harm. `rewrite` runs the statement that does so, as in a thread; default: here. Error: `unavailable` where the disk refuses (it needs room for
   * two more such files), or while somebody reads the file.
   */
  purge(rewrite?: (statement: string) => Promise<void>): Promise<void>;
  /** Ends all writing, because an fsync failed. */
  abandon(error: unknown): void;
  /** Folds the log and closes the file; leaves it as it is after a failed fsync. */
  close(): void;
}

export interface WrittenFileOptions {
  db: DatabaseSync;
  /** Path of the file. */
  file: string;
  log: Partial<FoldingLog>;
  /** Pages of the write-ahead log from which on it is folded. */
  pages: number;
  /** Makes the port's error for a disk that refuses. */
  unavailable(cause: unknown): Error;
  /** Called once when an fsync failed. */
  ended?: ((error: Error) => void) | undefined;
}

/** Files whose fsync failed: they stay open, because SQLite would fold their logs when it closes them. */
const abandoned = new Set<DatabaseSync>();

/** Takes care of a file that is open, whose log of an earlier run is folded first. Error: UserError after a failed fsync. */
export function openWrittenFile({ db, file, log, pages, unavailable, ended }: WrittenFileOptions): WrittenFile {
  const folding = openFolding({
    db,
    file,
    pages,
    log: { error: (data, message) => log.error?.(data, message), info: (data, message) => log.info?.(data, message) },
  });
  try {
    folding.foldAll();
  } catch (cause) {
    const advice = 'Start again; where that does not help, replace the disk.';
    throw new UserError(`${file} could not be forced to the disk (${(cause as Error).message}). ${advice}`, { cause });
  }
  let over: Error | undefined;
  const looking = setInterval(() => fold(folding.look), LOOK_EVERY).unref();

  function abandon(error: unknown): void {
    if (over) return;
    over = error as Error;
    abandoned.add(db);
    clearInterval(looking);
    log.error?.({ file, err: error }, 'an fsync failed: nothing more is written until this is started again');
    ended?.(over);
  }

  /** Runs a folding. What was written before is as durable as it was. */
  function fold(folding: () => unknown): void {
    try {
      folding();
    } catch (error) {
      abandon(error);
    }
  }

  function failure(error: unknown): unknown {
    if (fsyncFailed(error)) abandon(error);
    return diskRefused(error) ? unavailable(error) : error;
  }

  async function later<T>(work: () => T | Promise<T>): Promise<T> {
    check();
    try {
      const result = await work();
      fold(folding.fold);
      return result;
    } catch (error) {
      throw failure(error);
    }
  }

  /** Empties the log. Errors: `unavailable`; SQLite's own after a failed fsync. */
  function emptyLog(): void {
    if (!folding.foldAll()) throw unavailable(new Error('its log cannot be emptied while somebody reads the file, or the disk has no room'));
  }

  function check(): void {
    if (over) throw unavailable(over);
    checkOpen();
  }

  function checkOpen(): void {
    if (!db.isOpen) throw unavailable(new Error('it is closed'));
  }

  return {
    write: (work) => {
      check();
      try {
        const result = work();
        fold(folding.fold);
        return result;
      } catch (error) {
        throw failure(error);
      }
    },
    writeLater: later,
    read: (work) => {
      checkOpen();
      try {
        return work();
      } catch (error) {
        throw failure(error);
      }
    },
    purge: (rewrite = async (statement) => db.exec(statement)) =>
      later(async () => {
        await rewrite('VACUUM');
        emptyLog();
      }),
    check,
    abandon,
    close: () => {
      clearInterval(looking);
      if (!over) fold(folding.foldAll);
      if (!over && db.isOpen) db.close();
    },
  };
}
