/**
 * A folder for bytes on their way between two stores of files, in the folder of temporary files. Its maker holds a lock in it, so that the next one removes
 * what a maker that was killed has left: somebody's file.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lockFolder } from '../data-folder-lock.ts';

export interface Staging {
  path: string;
  remove(): void;
}

const NAME = /^taskledger-copy-[A-Za-z0-9]{6}$/;

/** Removes those whose makers were killed, and makes one, for this user's eyes only. `beside`: the folder that they are in. */
export function makeStaging(beside = tmpdir()): Staging {
  for (const name of readdirSync(beside)) if (NAME.test(name)) removeAbandonedStaging(join(beside, name));
  const path = mkdtempSync(join(beside, 'taskledger-copy-'));
  const lock = lockFolder(path);
  return {
    path,
    remove: () => {
      rmSync(path, { recursive: true, force: true, maxRetries: 5 });
      lock.release();
    },
  };
}

function removeAbandonedStaging(path: string): void {
  try {
    const lock = lockFolder(path);
    rmSync(path, { recursive: true, maxRetries: 5 });
    lock.release();
  } catch {
    // Another command is at work in it, or it is another user's.
  }
}
