/**
 * The lock of the data folder: one process at a time. The lock is the operating system's, on a file of its own, and goes with the process however
 * that ends. (Node has no flock; SQLite takes one for a transaction, so a transaction that never ends on an empty file is such a lock.)
 */

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { fileTrouble } from './file-trouble.ts';
import { holdInode } from './inode-hold.ts';
import { UserError } from './user-error.ts';

/** The folder cannot be used; the message is one line that says what to do. */
export class FolderError extends UserError {
  override readonly name = 'FolderError';
  /** True where another process holds the folder. */
  readonly held: boolean;
  constructor(message: string, held = false) {
    super(message);
    this.held = held;
  }
}

/** Makes sure that an operator's command has an installation's folder: an empty one would look as if all were well. Error: FolderError. */
export function checkInstalled(dataDir: string): void {
  if (existsSync(join(dataDir, 'events.db'))) return;
  throw new FolderError(`There is no taskledger in the folder ${dataDir}: it holds no events.db. Set DATA_DIR to the folder of an installation.`);
}

/** Makes the folder where it is missing (mode 700) and holds it until `release`. Error: FolderError. */
export function lockFolder(dataDir: string): { release(): void } {
  let db: DatabaseSync;
  let hold: ReturnType<typeof holdInode>;
  try {
    makeFolder(dataDir);
    hold = holdInode(dataDir);
  } catch (error) {
    throw refused(dataDir, error);
  }
  // Even where somebody has deleted the file of the lock.
  if (!hold) throw held(dataDir);
  try {
    db = new DatabaseSync(join(dataDir, 'lock'), { timeout: 0 });
    db.exec('PRAGMA journal_mode = MEMORY');
  } catch (error) {
    hold.release();
    throw refused(dataDir, error);
  }
  try {
    db.exec('BEGIN EXCLUSIVE');
    writeFileSync(join(dataDir, 'pid'), `${process.pid}\n`);
  } catch (error) {
    db.close();
    hold.release();
    throw refused(dataDir, error);
  }
  return {
    release: () => {
      removePid(dataDir);
      db.close();
      hold.release();
    },
  };
}

/** Whoever looks for the process by its id is told of none that has ended well. (A folder that takes no change any more keeps the file, as after a kill.) */
function removePid(dataDir: string): void {
  try {
    rmSync(join(dataDir, 'pid'), { force: true });
  } catch {}
}

/** Milliseconds between two attempts to hold a folder, and those after which it is another process's. */
const AGAIN = 50;
const PATIENCE = 2_000;

/**
 * The same for a start: it waits a moment for a process that was killed just before, of which the kernel has not let go yet. Error: FolderError.
 */
export async function lockFolderSoon(dataDir: string): Promise<{ release(): void }> {
  for (const begun = performance.now(); ; await delay(AGAIN)) {
    try {
      return lockFolder(dataDir);
    } catch (error) {
      if (!(error instanceof FolderError && error.held) || performance.now() - begun > PATIENCE) throw error;
    }
  }
}

/** Makes a folder and its parents. (Node's own `recursive` never returns where a file system answers ENOENT below a folder that exists: /proc.) */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  if (!existsSync(dirname(path))) makeFolder(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Another process was faster in making it; which of them holds the folder is decided by the lock.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function refused(dataDir: string, error: unknown): FolderError {
  const code = (error as { errcode?: number }).errcode;
  // SQLITE_BUSY 5, SQLITE_LOCKED 6
  if (code === 5 || code === 6) return held(dataDir);
  const trouble = fileTrouble((error as NodeJS.ErrnoException).path ?? join(dataDir, 'lock'), error);
  if (trouble) return new FolderError(`The folder ${dataDir} cannot be written: ${trouble.text} Or set DATA_DIR to another folder.`);
  return new FolderError(`The folder ${dataDir} cannot be written (${(error as Error).message}). Make it writable, or set DATA_DIR to one that is.`);
}

function held(dataDir: string): FolderError {
  const text = `The folder ${dataDir} is held by another process${holder(dataDir)}. Stop that one, or give this one another DATA_DIR.`;
  return new FolderError(text, true);
}

function holder(dataDir: string): string {
  try {
    return ` (pid ${readFileSync(join(dataDir, 'pid'), 'utf8').trim()})`;
  } catch {
    return '';
  }
}
