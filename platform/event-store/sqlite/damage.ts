/** The meaning of SQLite's errors: damage, a disk or folder that refuses, or a fault of our own. */
import { StoreDamaged, StoreUnavailable } from '../event-store.ts';

/** The error of a damaged store, with the one sentence that an operator needs. */
export function damaged(what: string, cause?: unknown): StoreDamaged {
  return new StoreDamaged(`The event store is damaged: ${what}. Stop, keep a copy of the folder, and put back a backup of it.`, { cause });
}

/** Primary codes (sqlite.org/rescode.html) that say nothing of the data: PERM, BUSY, LOCKED, NOMEM, READONLY, INTERRUPT, IOERR, FULL, CANTOPEN. */
const OUTSIDE = new Set([3, 5, 6, 7, 8, 9, 10, 13, 14]);
/** An extended code of IOERR, one of the outside codes, that does mean damage: the file is shorter than its pages. */
const IOERR_SHORT_READ = 522;

function codeOf(error: unknown): number | undefined {
  return (error as { errcode?: number } | null)?.errcode;
}

/**
 * An error of SQLite as the port has it: StoreUnavailable where disk or folder refuse, StoreDamaged for every other, because our statements are
 * right for a file that is as we wrote it. Any other error stays as it is.
 */
export function translated(error: unknown): unknown {
  const code = codeOf(error);
  if (code === undefined) return error;
  const { message } = error as Error;
  if (code !== IOERR_SHORT_READ && OUTSIDE.has(code & 0xff))
    return new StoreUnavailable(`The event store cannot be used: ${message}.`, { cause: error });
  return damaged(message, error);
}

/** True for the error of a COMMIT that surely left nothing behind: the disk was full, or the commit never began. */
export function leftNothing(error: unknown): boolean {
  const code = codeOf(error);
  return code !== undefined && [5, 13].includes(code & 0xff);
}

/** Runs work on the database, with its errors translated. */
export function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw translated(error);
  }
}
