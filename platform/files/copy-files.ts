/** Copies the files of one store into another, of whatever kinds both are. */
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { orAborted, untilAborted } from '../concurrency/abortable.ts';
import { FileMissing, type Files } from './files.ts';
import { makeStaging } from './staging.ts';

/** The number of files that both stores have now, and of those that were copied for it. */
export interface Copied {
  files: number;
  copied: number;
}

/**
 * Copies what the target does not have in the same length. It may be interrupted and run again; what is removed from the source meanwhile is left out.
 * `signal` aborts where the copy is no longer wanted, also while a store stands still, and its reason is the error then; what one that was killed had of a file beside, is removed by the next. Errors: FilesUnavailable, FileExists where the target has other bytes under a key.
 *
 *     await copyFiles(await openFiles('file:', { dataDir }), await openFiles('s3://bucket', { dataDir }));
 */
export async function copyFiles(source: Files, target: Files, signal: AbortSignal = new AbortController().signal): Promise<Copied> {
  const staging = makeStaging();
  const path = join(staging.path, 'one');
  const done: Copied = { files: 0, copied: 0 };
  try {
    for await (const { key, bytes } of untilAborted(source.list('media/'), signal)) {
      const there = await orAborted(target.stat(key), signal);
      signal.throwIfAborted();
      const isNew = there?.bytes !== bytes;
      if (isNew && !(await copyOne(key, { source, target, path, signal }))) continue;
      done.files += 1;
      done.copied += isNew ? 1 : 0;
    }
    signal.throwIfAborted();
    return done;
  } finally {
    staging.remove();
  }
}

interface Copying {
  source: Files;
  target: Files;
  /** Where the bytes are between the stores. */
  path: string;
  signal: AbortSignal;
}

/** False where it was removed meanwhile. */
async function copyOne(key: string, { source, target, path, signal }: Copying): Promise<boolean> {
  try {
    const { stream, bytes } = await source.read(key, undefined, signal);
    await pipeline(stream, createWriteStream(path, { mode: 0o600 }), { signal });
    // The type that a client gets is the event's, and not the store's.
    await target.put(key, { path, bytes, type: 'application/octet-stream' }, signal);
    return true;
  } catch (error) {
    if (error instanceof FileMissing) return false;
    // Whoever aborts says why; the stores and the pipe say only that.
    signal.throwIfAborted();
    throw error;
  }
}
