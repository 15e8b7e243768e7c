/**
 * The sealed copy of a log, in a folder beside it, and how it takes the log's place: by one rename, so that whoever starts at any moment finds the old log or
 * the new one, and whole.
 */
import { closeSync, existsSync, fsyncSync, linkSync, mkdirSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { witnessOf } from '../../platform/event-store/sqlite/witness.ts';
import { UserError } from '../../platform/user-error.ts';

export interface SealedCopy {
  /** Makes the folder of the copy, where it is missing; answers its path. */
  begin(): string;
  /** Puts the copy, which is closed and whole, in the log's place, and overwrites the clear log. Both must be closed. */
  replace(): void;
  /**
   * Finishes what a run that was killed had begun to replace, so that no clear log is left beside the sealed one. Every start does it, since nobody may ever
   * seal again. The log must be closed. Error: `UserError` where only the clear log is there.
   */
  finishReplacing(): void;
  /** Removes a copy that is of no use, since the log is sealed. */
  drop(): void;
}

/** What SQLite keeps beside a file. */
const BESIDE = ['-wal', '-shm'] as const;

/** Bytes that are overwritten at once. */
const CHUNK = 1024 * 1024;

/** The copy of the log in a data folder. */
export function sealedCopy(dataDir: string): SealedCopy {
  const folder = join(dataDir, 'sealing');
  const log = join(dataDir, 'events.db');
  const copy = join(folder, 'events.db');
  /** The second name of the clear log, by which it is overwritten once the first one is the copy's. */
  const clear = join(dataDir, 'events.db.clear');

  const drop = () => rmSync(folder, { recursive: true, force: true });

  /**
   * Whether the copy has the log's name: that takes it out of its folder. Inodes alone do not tell, since a folder may be copied with two files for two names
   * of one; but what is the log itself is never overwritten, whoever removed the copy.
   */
  const isReplaced = () => !existsSync(copy) && statSync(clear).ino !== statSync(log).ino;

  /** Once the copy has the log's name: its witness follows, and what was clear is overwritten. */
  function finish(): void {
    if (existsSync(witnessOf(copy))) renameSync(witnessOf(copy), witnessOf(log));
    overwrite(clear);
    drop();
    sync(dataDir);
  }

  /** Where the clear log has its second name. */
  function finishFromClear(): void {
    if (!existsSync(log)) throw logMissing(dataDir);
    if (isReplaced()) finish();
    else rmSync(clear);
  }

  return {
    begin: () => {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      return folder;
    },
    replace: () => {
      for (const path of [copy, log]) foldWhole(path);
      rmSync(clear, { force: true });
      linkSync(log, clear);
      // A witness of the clear log would refuse the copy.
      rmSync(witnessOf(log), { force: true });
      // Nor may the write-ahead log of the one, which is empty, be read into the other.
      for (const more of BESIDE) rmSync(`${log}${more}`, { force: true });
      sync(dataDir);
      renameSync(copy, log);
      sync(dataDir);
      finish();
    },
    finishReplacing: () => {
      if (existsSync(clear)) return finishFromClear();
      // What stands beside a copy that has the log's name is of no use; a copy that is not whole is gone on with.
      if (!existsSync(copy)) drop();
    },
    drop,
  };
}

function logMissing(dataDir: string): UserError {
  return new UserError(
    `${dataDir} has events.db.clear, which is the log from before it was sealed, and no events.db. Put events.db back, from where this folder was copied or from a backup; where it is nowhere, rename events.db.clear to events.db, and seal it again: npm start -- seal`,
  );
}

/** Moves all of a file's write-ahead log into the file, and leaves the log empty. Error: `UserError` where somebody has the file open. */
function foldWhole(path: string): void {
  const db = new DatabaseSync(path);
  try {
    const { busy } = db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get() as { busy: number };
    if (busy !== 0) throw new UserError(`${path} is open elsewhere, as in a tool of SQLite. Close it there and run this again.`);
  } finally {
    db.close();
  }
}

/** Overwrites a file with zeros and removes it. What a file system or a disk keeps of it besides is beyond a program. */
function overwrite(path: string): void {
  if (!existsSync(path)) return;
  const fd = openSync(path, 'r+');
  try {
    const { size } = statSync(path);
    const zeros = Buffer.alloc(CHUNK);
    for (let at = 0; at < size; at += CHUNK) writeSync(fd, zeros, 0, Math.min(CHUNK, size - at), at);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  rmSync(path);
}

/** Makes renames in a folder durable. */
function sync(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
