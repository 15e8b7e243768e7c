/** The files of a folder in the order of their keys, a shard's names in memory at a time. */
import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { OnForeignFile, StoredFile } from '../files.ts';
import { couldBegin, isKey } from '../keys.ts';
import { unlessMissing } from './refusals.ts';

/** The files under `folder` whose keys begin with `prefix`; what is no key is passed, and told. */
export async function* filesIn(folder: string, prefix: string, foreign: OnForeignFile): AsyncGenerator<StoredFile> {
  for await (const one of allIn(folder, prefix)) {
    if (isKey(one.key)) yield one;
    else foreign(one.key);
  }
}

async function* allIn(folder: string, prefix: string): AsyncGenerator<StoredFile> {
  for (const area of await foldersIn(folder)) {
    if (!couldBegin(`${area}/`, prefix)) continue;
    for (const shard of await foldersIn(join(folder, area))) {
      if (couldBegin(`${area}/${shard}`, prefix)) yield* filesOfShard(join(folder, area, shard), area, prefix);
    }
  }
}

async function* filesOfShard(folder: string, area: string, prefix: string): AsyncGenerator<StoredFile> {
  const ids = (await foldersIn(folder)).filter((id) => couldBegin(`${area}/${id}/`, prefix));
  for (const id of ids) {
    for (const name of (await namesIn(join(folder, id), (one) => one.isFile())).toSorted()) {
      const key = `${area}/${id}/${name}`;
      const found = key.startsWith(prefix) && (await stat(join(folder, id, name)).catch(unlessMissing));
      if (found) yield { key, bytes: found.size, written: found.mtimeMs };
    }
  }
}

/** The names of the folders in a folder, in the order they have in keys, where a slash comes behind each. */
async function foldersIn(folder: string): Promise<string[]> {
  const names = await namesIn(folder, (one) => one.isDirectory() && !one.name.startsWith('.'));
  return names
    .map((name) => `${name}/`)
    .toSorted()
    .map((name) => name.slice(0, -1));
}

async function namesIn(folder: string, wanted: (one: Dirent) => boolean): Promise<string[]> {
  const entries = (await readdir(folder, { withFileTypes: true }).catch(unlessMissing)) ?? [];
  return entries.filter(wanted).map(({ name }) => name);
}
