/** What SQLite's errors mean to us: damage, a disk or folder that refuses, or a fault of ours. */
import { StoreDamaged, StoreUnavailable } from '../event-store.ts';

/** The one sentence an operator needs. */
export function damaged(what: string, cause?: unknown): StoreDamaged {
  return new StoreDamaged(`The event store is damaged: ${what}. Stop, keep a copy of the folder, and put back a backup of it.`, { cause });
}

/** Primary codes (sqlite.org/rescode.html) that tell nothing about the data: PERM, BUSY, LOCKED, NOMEM, READONLY, INTERRUPT, IOERR, FULL, CANTOPEN. */
const OUTSIDE = new Set([3, 5, 6, 7, 8, 9, 10, 13, 14]);
/** Those that a wrong byte in the file makes of statements which are right: ERROR (no such column), CORRUPT, CONSTRAINT, MISMATCH, NOTADB and the like. */
const IOERR_SHORT_READ = 522;

function codeOf(error: unknown): number | undefined {
  return (error as { errcode?: number } | null)?.errcode;
}

/**
 * An error of SQLite as ours: StoreUnavailable where disk or folder refuse, StoreDamaged for every other, because our statements are right for a file
 * that is what we wrote. Any other error as it is.
 */
export function translated(error: unknown): unknown {
  const code = codeOf(error);
  if (code === undefined) return error;
  const { message } = error as Error;
  if (code !== IOERR_SHORT_READ && OUTSIDE.has(code & 0xff))
    return new StoreUnavailable(`The event store cannot be used: ${message}.`, { cause: error });
  return damaged(message, error);
}

/** True where a failed COMMIT surely left nothing behind: the disk was full, or it never began. */
export function leftNothing(error: unknown): boolean {
  const code = codeOf(error);
  return code !== undefined && [5, 13].includes(code & 0xff);
}

/** Runs work on the database; its errors as ours. */
export function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw translated(error);
  }
}
