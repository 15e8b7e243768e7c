import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { describeCopying } from './copy-files.suite.ts';
import { openFolderFiles } from './file/file.ts';

describeCopying('from folder to folder', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'copied-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return [openFolderFiles(join(folder, 'from')), openFolderFiles(join(folder, 'to'))];
});
