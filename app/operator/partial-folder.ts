/**
 * The folder in which a backup is made: beside the one that was asked for, whose name it gets at the end. Its maker holds a lock in it, so that one
 * whose maker was killed is told from one that is being made.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { lockFolder } from '../../platform/data-folder-lock.ts';
import { UserError } from '../../platform/user-error.ts';

export interface PartialFolder {
  path: string;
  /** The folder that it becomes. */
  to: string;
  /** Gives it its name. */
  finish(): void;
  /** Removes it, unless it has its name. */
  remove(): void;
}

const NAME = /\.partial-[A-Za-z0-9]{6}$/;
const LOCK = /^(lock|pid)(-journal)?$/;
const COPY = /^((events|secrets|outbox)\.db(-wal|-shm|-journal|-witness|-witness\.new)?|files)$/;

/** Makes the folder for a copy that shall be at `folder`, which must be missing or empty. Errors: `UserError` with one line. */
export function makePartial(folder: string): PartialFolder {
  const to = resolve(folder);
  if (existsSync(to) && readdirSync(to).length > 0) throw new UserError(`${to} is not empty. Name a folder that is not there yet.`);
  mkdirSync(dirname(to), { recursive: true });
  const path = mkdtempSync(`${to}.partial-`);
  const lock = lockFolder(path);
  return {
    path,
    to,
    finish: () => {
      for (const name of readdirSync(path)) if (LOCK.test(name)) rmSync(join(path, name));
      renameSync(path, to);
    },
    remove: () => {
      rmSync(path, { recursive: true, force: true, maxRetries: 5 });
      lock.release();
    },
  };
}

/** Removes the folders beside `folder` whose makers were killed, and answers their paths. Those that hold anything else stay. */
export function removeAbandoned(folder: string): string[] {
  const beside = dirname(resolve(folder));
  return foldersIn(beside)
    .filter((name) => NAME.test(name))
    .map((name) => join(beside, name))
    .filter(removeWhereAbandoned);
}

/** The names of the folders in one; none where it is not there, or not ours to read: making the backup tells that. */
function foldersIn(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  } catch {
    return [];
  }
}

function removeWhereAbandoned(path: string): boolean {
  try {
    if (!readdirSync(path).every((name) => LOCK.test(name) || COPY.test(name))) return false;
    const lock = lockFolder(path);
    rmSync(path, { recursive: true, maxRetries: 5 });
    lock.release();
    return true;
  } catch {
    // Another backup is being made in it, or it is another user's.
    return false;
  }
}
