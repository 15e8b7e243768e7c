/** The meaning of SQLite's errors: damage, a disk or folder that refuses, or a fault of our own. */
import { diskRefused, sqliteCode } from '../../sqlite/disk-errors.ts';
import { StoreDamaged, StoreUnavailable } from '../event-store.ts';

/** The error of a damaged store, with the one sentence that an operator needs. */
export function damaged(what: string, cause?: unknown): StoreDamaged {
  return new StoreDamaged(`The event store is damaged: ${what}. Stop, keep a copy of the folder, and put back a backup of it.`, { cause });
}

/**
 * An error of SQLite as the port has it: StoreUnavailable where disk or folder refuse, StoreDamaged for every other, because our statements are
 * right for a file that is as we wrote it. A file that the system does not open, read or write is StoreUnavailable, too. Any other error stays as it is.
 */
export function translated(error: unknown): unknown {
  const { message } = error as Error;
  if (diskRefused(error)) return unavailable(message, error);
  return sqliteCode(error) === undefined ? error : damaged(message, error);
}

function unavailable(what: string, cause: unknown): StoreUnavailable {
  return new StoreUnavailable(`The event store cannot be used: ${what}.`, { cause });
}

/** Runs work on the database, with its errors translated. */
export function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw translated(error);
  }
}
