/** What makes a file and its name outlive a loss of power. */
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Writes a file's bytes to the disk. */
export async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Writes the names in a folder to the disk, and those in the folders that it is in, up to `root`. */
export async function syncFolders(folder: string, root: string): Promise<void> {
  for (let one = folder; ; one = dirname(one)) {
    const handle = await open(one, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (one === root || one === dirname(one)) return;
  }
}
