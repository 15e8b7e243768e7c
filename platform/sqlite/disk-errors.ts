/** SQLite's error codes (sqlite.org/rescode.html) as far as they tell what a disk did. */

/** Primary codes that say nothing of the data: PERM, BUSY, LOCKED, NOMEM, READONLY, INTERRUPT, IOERR, FULL, CANTOPEN, PROTOCOL. */
const OUTSIDE = new Set([3, 5, 6, 7, 8, 9, 10, 13, 14, 15]);
/** An extended code of IOERR, one of the outside codes, that does mean damage: the file is shorter than its pages. */
const IOERR_SHORT_READ = 522;
/** Extended codes of a file, or of a folder, of which it is not known what is on the disk: FSYNC, DIR_FSYNC. */
const IOERR_FSYNC = new Set([1034, 1290]);
/** Codes of a COMMIT that ended before its fsync: BUSY, FULL (no room), IOERR_WRITE (a quota, a limit on the size of files, a disk that refuses). */
const BEFORE_FSYNC = new Set([5, 13, 778]);

/** The code of SQLite's error; undefined for any other error. */
export function sqliteCode(error: unknown): number | undefined {
  return (error as { errcode?: number } | null)?.errcode;
}

/** True for an error of SQLite, or of the system, that says that a disk or a folder refuses, and nothing of the data. */
export function diskRefused(error: unknown): boolean {
  const code = sqliteCode(error);
  if (code === undefined) return (error as NodeJS.ErrnoException | null)?.syscall !== undefined;
  return code !== IOERR_SHORT_READ && OUTSIDE.has(code & 0xff);
}

/** True for the error of a COMMIT that surely left nothing behind, because its last frame, without which no start takes any of it, was not written. */
export function leftNothing(error: unknown): boolean {
  return BEFORE_FSYNC.has(sqliteCode(error) ?? 0);
}

/**
 * True for a failed fsync: the system forgets the pages that it could not write, so that a second fsync would succeed and prove nothing. Nobody knows
 * what is on the disk until the file is opened anew.
 */
export function fsyncFailed(error: unknown): boolean {
  return IOERR_FSYNC.has(sqliteCode(error) ?? 0);
}
