/** Copies the files of one store into another, of whatever kinds both are. */
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { FileMissing, type Files } from './files.ts';

/** The number of files that both stores have now, and of those that were copied for it. */
export interface Copied {
  files: number;
  copied: number;
}

/**
 * Copies what the target does not have in the same length. It may be interrupted and run again; what is removed from the source meanwhile is left out.
 * `stillWanted` throws where the copy is no longer wanted. Errors: FilesUnavailable, FileExists where the target has other bytes under a key.
 *
 *     await copyFiles(await openFiles('file:', { dataDir }), await openFiles('s3://bucket', { dataDir }));
 */
export async function copyFiles(source: Files, target: Files, stillWanted: () => void = () => {}): Promise<Copied> {
  const folder = await mkdtemp(join(tmpdir(), 'taskledger-copy-'));
  const done: Copied = { files: 0, copied: 0 };
  try {
    for await (const { key, bytes } of source.list('media/')) {
      stillWanted();
      const there = await target.stat(key);
      const isNew = there?.bytes !== bytes;
      if (isNew && !(await copyOne(key, { source, target, path: join(folder, 'one') }))) continue;
      done.files += 1;
      done.copied += isNew ? 1 : 0;
    }
    return done;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** False where it was removed meanwhile. */
async function copyOne(key: string, { source, target, path }: { source: Files; target: Files; path: string }): Promise<boolean> {
  try {
    const { stream, bytes } = await source.read(key);
    await pipeline(stream, createWriteStream(path, { mode: 0o600 }));
    // The type that a client gets is the event's, and not the store's.
    await target.put(key, { path, bytes, type: 'application/octet-stream' });
    return true;
  } catch (error) {
    if (error instanceof FileMissing) return false;
    throw error;
  }
}
