import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { describeFiles } from '../files.suite.ts';
import { FilesUnavailable } from '../files.ts';
import { openFolderFiles } from './file.ts';

async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'files-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

let root: string;
async function stray(name: string): Promise<void> {
  await mkdir(dirname(join(root, name)), { recursive: true });
  await writeFile(join(root, name), 'of somebody else');
}
describeFiles(
  'a folder',
  async () => {
    root = join(await emptyFolder(), 'files');
    return openFolderFiles(root);
  },
  { stray },
);

describe('files in a folder', () => {
  async function opened() {
    const folder = await emptyFolder();
    const path = join(folder, 'upload');
    await writeFile(path, 'bytes');
    return { folder, root: join(folder, 'files'), files: openFolderFiles(join(folder, 'files')), from: { path, bytes: 5, type: 'text/plain' } };
  }

  it('spread over folders, and leave none behind', async () => {
    const { root, files, from } = await opened();
    await files.put('media/0b9f2b2e/original', from);
    expect(existsSync(join(root, 'media', '0b', '0b9f2b2e', 'original'))).toBe(true);
    expect(await readdir(join(root, '.new'))).toEqual([]);
    await files.remove('media/0b9f2b2e/original');
    expect(await readdir(join(root, 'media', '0b'))).toEqual([]);
  });

  it('sweep what a killed process left half written, once it is old', async () => {
    const { root, files } = await opened();
    const left = join(root, '.new', 'left');
    await mkdir(join(root, '.new'), { recursive: true });
    await writeFile(left, 'half');
    expect(await files.sweep(3_600_000)).toBe(0);
    await utimes(left, 0, 0);
    expect(await files.sweep(3_600_000)).toBe(1);
    expect(existsSync(left)).toBe(false);
  });

  it('are away where the file system refuses, whatever is asked of it', async () => {
    const { root, files, from } = await opened();
    // A file where a folder must be.
    await writeFile(root, '');
    for (const call of [() => files.put('media/one/original', from), () => files.read('media/one/original'), () => files.stat('media/one/original')])
      await expect(call()).rejects.toThrow(FilesUnavailable);
    expect(existsSync(from.path)).toBe(true);
  });
});
