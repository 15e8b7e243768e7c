/** Copies an SQLite file that others write to, as it is at one moment. */
import { backup, DatabaseSync } from 'node:sqlite';
import { sizeOfLog } from '../../platform/sqlite/folding.ts';
import { UserError } from '../../platform/user-error.ts';

export interface Copying {
  /** Bytes by which the write-ahead log of the file may grow meanwhile. */
  most: number;
  /** Throws where the copy is no longer wanted. */
  stillWanted(): void;
  /** Hears, now and then, of the share that is copied, from 0 to 1, and of the bytes by which the write-ahead log grew. */
  progress(share: number, growth: number): void;
}

/** Pages copied at once, 4 MB: between them it is looked at the log, and at signals. */
const AT_ONCE = 1_000;

/**
 * Copies a file, and answers the bytes by which its write-ahead log grew meanwhile: the copy is made in one read transaction, so that writes meanwhile
 * neither get into it nor make it begin again, and as long as that lasts the log cannot begin again either. Errors: `UserError` where the log grew
 * too far; those of `stillWanted`, and SQLite's own.
 */
export async function copyDatabase(from: string, to: string, { most, stillWanted, progress }: Copying): Promise<number> {
  const before = sizeOfLog(from);
  const growth = () => Math.max(sizeOfLog(from) - before, 0);
  const db = new DatabaseSync(from, { readOnly: true, timeout: 5_000 });
  try {
    db.exec('BEGIN');
    db.prepare('SELECT count(*) FROM sqlite_schema').get();
    await backup(db, to, {
      rate: AT_ONCE,
      progress: ({ totalPages, remainingPages }) => {
        stillWanted();
        if (growth() > most) throw grownTooFar(from, most);
        progress(1 - remainingPages / totalPages, growth());
      },
    });
    return growth();
  } finally {
    db.close();
  }
}

function grownTooFar(from: string, most: number): UserError {
  return new UserError(
    `The backup was given up, and nothing of it is left: while ${from} was copied, its write-ahead log grew by more than ${most / 1024 / 1024} MB. ` +
      'Back up when less is written, to a faster disk, or allow more with BACKUP_LOG_MB.',
  );
}
