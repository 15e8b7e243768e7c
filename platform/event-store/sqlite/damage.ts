/** The meaning of SQLite's errors: damage, a disk or folder that refuses, or a fault of our own. */
import { StoreDamaged, StoreUnavailable } from '../event-store.ts';

/** The error of a damaged store, with the one sentence that an operator needs. */
export function damaged(what: string, cause?: unknown): StoreDamaged {
  return new StoreDamaged(`The event store is damaged: ${what}. Stop, keep a copy of the folder, and put back a backup of it.`, { cause });
}

/** Primary codes (sqlite.org/rescode.html) that say nothing of the data: PERM, BUSY, LOCKED, NOMEM, READONLY, INTERRUPT, IOERR, FULL, CANTOPEN, PROTOCOL. */
const OUTSIDE = new Set([3, 5, 6, 7, 8, 9, 10, 13, 14, 15]);
/** An extended code of IOERR, one of the outside codes, that does mean damage: the file is shorter than its pages. */
const IOERR_SHORT_READ = 522;
/** Extended codes of a file, or of a folder, of which it is not known what is on the disk: FSYNC, DIR_FSYNC. */
const IOERR_FSYNC = new Set([1034, 1290]);
/** Codes of a COMMIT that ended before its fsync: BUSY, FULL (no room), IOERR_WRITE (a quota, a limit on the size of files, a disk that refuses). */
const BEFORE_FSYNC = new Set([5, 13, 778]);

function codeOf(error: unknown): number | undefined {
  return (error as { errcode?: number } | null)?.errcode;
}

/**
 * An error of SQLite as the port has it: StoreUnavailable where disk or folder refuse, StoreDamaged for every other, because our statements are
 * right for a file that is as we wrote it. A file that the system does not open, read or write is StoreUnavailable, too. Any other error stays as it is.
 */
export function translated(error: unknown): unknown {
  const code = codeOf(error);
  const { message, syscall } = error as NodeJS.ErrnoException;
  if (code === undefined) return syscall ? unavailable(message, error) : error;
  if (code !== IOERR_SHORT_READ && OUTSIDE.has(code & 0xff)) return unavailable(message, error);
  return damaged(message, error);
}

function unavailable(what: string, cause: unknown): StoreUnavailable {
  return new StoreUnavailable(`The event store cannot be used: ${what}.`, { cause });
}

/** True for the error of a COMMIT that surely left nothing behind, because its last frame, without which no start takes any of it, was not written. */
export function leftNothing(error: unknown): boolean {
  return BEFORE_FSYNC.has(codeOf(error) ?? 0);
}

/**
 * True for a failed fsync: the system forgets the pages that it could not write, so that a second fsync would succeed and prove nothing. Nobody knows
 * what is on the disk until the file is opened anew.
 */
export function fsyncFailed(error: unknown): boolean {
  return IOERR_FSYNC.has(codeOf(error) ?? 0);
}

/** Runs work on the database, with its errors translated. */
export function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw translated(error);
  }
}
