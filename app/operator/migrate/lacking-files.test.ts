import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { exampleEvent } from '../../../contracts/catalog.ts';
import { mediaContract } from '../../../contracts/media.ts';
import { NO_STREAM } from '../../../contracts/message.ts';
import { openFolderFiles } from '../../../platform/files/file/file.ts';
import { stableId } from '../../../platform/stable-id.ts';
import { openFolder } from './installation.fixture.ts';
import { lackingFiles } from './lacking-files.ts';

it('counts what the log names and the new store has not, and nothing of files that are deleted', { timeout: 60_000 }, async () => {
  const [{ store, remove }, folder] = [await openFolder(), await mkdtemp(join(tmpdir(), 'lacking-'))];
  onTestFinished(async () => {
    await remove();
    await rm(folder, { recursive: true });
  });
  const files = openFolderFiles(join(folder, 'files'));
  const { metadata } = exampleEvent('MediaReceived');
  const record = (name: string, ...types: ('MediaReceived' | 'MediaDeleted')[]) =>
    store.append(
      `media-${stableId(name)}`,
      NO_STREAM,
      types.map((type) => ({ id: stableId(name, type), type, data: { ...mediaContract.events[type].example, bytes: 5 }, metadata })),
    );
  await record('there', 'MediaReceived');
  await record('elsewhere', 'MediaReceived');
  await record('gone', 'MediaReceived', 'MediaDeleted');
  await writeFile(join(folder, 'upload'), 'bytes');
  await files.put(`media/${stableId('there')}/original`, { path: join(folder, 'upload'), bytes: 5, type: 'image/jpeg' });
  const lacking = (of: typeof files | null) => lackingFiles({ store, files: of, keepOriginal: false });
  expect([await lacking(files), await lacking(null)]).toEqual([1, 2]);
});
