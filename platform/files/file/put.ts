/** Writes a file whole or not at all: beside, synced, and only then linked to its name, so that nobody's bytes are replaced. */
import { randomUUID } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { copyFile, link, mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isSame } from '../same-bytes.ts';
import { syncFile, syncFolders } from './durable.ts';
import { codeOf } from './refusals.ts';

/** The place of a file: its path, below a root folder that may not be there yet. */
export interface PlaceOfFile {
  root: string;
  path: string;
  /** The folder of what is being written, on the same file system. */
  unfinished: string;
}

/** Writes a local file's bytes to a place, durably; `move`: it may be used up. False where the place has other bytes. */
export async function putDurably(from: { path: string; move?: boolean }, place: PlaceOfFile): Promise<boolean> {
  const written = await writtenBeside(place.unfinished, from);
  try {
    const isOurs = await named(written, place);
    if (!isOurs && !(await isSame(createReadStream(written), createReadStream(place.path)))) return false;
  } finally {
    await rm(written, { force: true });
  }
  if (from.move) await rm(from.path, { force: true });
  return true;
}

/** The path of a synced file with these bytes: another name of the file itself where it may be used up. */
async function writtenBeside(folder: string, { path, move }: { path: string; move?: boolean }): Promise<string> {
  await mkdir(folder, { recursive: true });
  const written = join(folder, randomUUID());
  const linked = move === true && (await link(path, written).then(() => true, unlessElsewhere));
  try {
    if (!linked) await copyFile(path, written, constants.COPYFILE_EXCL);
    await syncFile(written);
    return written;
  } catch (error) {
    await rm(written, { force: true });
    throw error;
  }
}

/** Gives a file its name, for good; false where the name is taken. */
async function named(written: string, place: PlaceOfFile, left = 3): Promise<boolean> {
  const { path, root } = place;
  const made = await mkdir(dirname(path), { recursive: true });
  try {
    await link(written, path);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    // Whoever removed the last file of the folder took the folder with it.
    if (codeOf(error) === 'ENOENT' && left > 0) return named(written, place, left - 1);
    throw error;
  }
  await syncFolders(dirname(path), made === undefined ? dirname(path) : dirname(root));
  return true;
}

/** On another file system, or somebody else's: its bytes are copied. */
function unlessElsewhere(error: unknown): false {
  if (!['EXDEV', 'EPERM'].includes(codeOf(error) ?? '')) throw error;
  return false;
}
