/** Files in a folder of this machine, or of a file system that several machines share: `<area>/<first two characters of the id>/<id>/<name>`. */
import { open, readdir, rm, rmdir, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { type ByteRange, FileExists, FileMissing, type Files, type OnForeignFile, type StoredFile } from '../files.ts';
import { checkedKey } from '../keys.ts';
import { putDurably } from './put.ts';
import { asUnavailable, orUnavailable, unlessMissing } from './refusals.ts';
import { filesIn } from './walk.ts';

/** The folder of files that are being written; no area can have this name. */
const UNFINISHED = '.new';

/** Opens the files in a folder, which is made with the first of them. `foreign` hears of what is there and none of them. */
export function openFolderFiles(folder: string, foreign: OnForeignFile = () => {}): Files {
  const unfinished = join(folder, UNFINISHED);
  const pathOf = (key: string) => {
    const [area = '', id = '', name = ''] = checkedKey(key).split('/');
    return join(folder, area, id.slice(0, 2), id, name);
  };

  return {
    put: async (key, from, signal) => {
      const path = pathOf(key);
      signal?.throwIfAborted();
      if (!(await orUnavailable(path, () => putDurably(from, { path, root: folder, unfinished })))) throw new FileExists(key);
    },
    read: async (key, range) => {
      const path = pathOf(key);
      return orUnavailable(path, () => opened(key, path, range));
    },
    stat: async (key) => {
      const path = pathOf(key);
      const found = await orUnavailable(path, () => stat(path).catch(unlessMissing));
      return found && { key, bytes: found.size, written: found.mtimeMs };
    },
    remove: async (key) => {
      const path = pathOf(key);
      await orUnavailable(path, () => unlink(path).catch(unlessMissing));
      // The id's folder goes with its last file; another process may have put a new one into it.
      await rmdir(dirname(path)).catch(() => {});
    },
    list: (prefix) => listed(folder, prefix, foreign),
    sweep: (olderThan) =>
      orUnavailable(unfinished, async () => {
        const names = (await readdir(unfinished).catch(unlessMissing)) ?? [];
        const swept = await Promise.all(names.map((name) => removedIfOlder(join(unfinished, name), olderThan)));
        return swept.filter(Boolean).length;
      }),
    close: async () => {},
  };
}

async function* listed(folder: string, prefix: string, foreign: OnForeignFile): AsyncGenerator<StoredFile> {
  try {
    yield* filesIn(folder, prefix, foreign);
  } catch (error) {
    throw asUnavailable(folder, error);
  }
}

async function opened(key: string, path: string, range?: ByteRange): Promise<{ stream: Readable; bytes: number }> {
  const handle = await open(path, 'r').catch(unlessMissing);
  if (!handle) throw new FileMissing(key);
  try {
    const { size } = await handle.stat();
    const { from, to } = range ? withinSize(key, range, size) : { from: 0, to: size - 1 };
    const bytes = to - from + 1;
    // An empty file has no last byte.
    return { stream: handle.createReadStream(bytes > 0 ? { start: from, end: to } : {}), bytes };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function withinSize(key: string, { from, to }: ByteRange, size: number): ByteRange {
  if (from >= size || to < from) throw new RangeError(`${key} has ${size} bytes, and none from ${from} to ${to}`);
  return { from, to: Math.min(to, size - 1) };
}

async function removedIfOlder(path: string, olderThan: number): Promise<boolean> {
  const found = await stat(path).catch(unlessMissing);
  if (!found || Date.now() - found.mtimeMs < olderThan) return false;
  await rm(path, { force: true });
  return true;
}
