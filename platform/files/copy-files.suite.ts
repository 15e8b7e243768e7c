/** The tests of copying between two stores. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { copyFiles } from './copy-files.ts';
import { FileExists, type Files } from './files.ts';

/** Runs the tests; `open` gives two empty stores. */
export function describeCopying(name: string, open: () => Promise<readonly [Files, Files]>): void {
  describe(`files copied ${name}`, () => {
    async function filled() {
      const folder = await mkdtemp(join(tmpdir(), 'copying-'));
      onTestFinished(() => rm(folder, { recursive: true, force: true }));
      const [source, target] = await open();
      const put = async (files: Files, key: string, bytes: string) => {
        await writeFile(join(folder, 'one'), bytes);
        await files.put(key, { path: join(folder, 'one'), bytes: bytes.length, type: 'text/plain' });
      };
      for (const key of ['media/one/original', 'media/one/320', 'media/two/original', 'incoming/three/upload']) await put(source, key, key);
      return { source, target, put };
    }

    it('are all there, but for what was never received; again, nothing is copied twice', async () => {
      const { source, target } = await filled();
      expect(await copyFiles(source, target)).toEqual({ files: 3, copied: 3 });
      expect(await text((await target.read('media/one/320')).stream)).toBe('media/one/320');
      expect(await target.stat('incoming/three/upload')).toBeUndefined();
      expect(await copyFiles(source, target)).toEqual({ files: 3, copied: 0 });
    });

    it('go on where they were interrupted', async () => {
      const { source, target } = await filled();
      const interrupting = new AbortController();
      let left = 2;
      const read: Files['read'] = (...what) => {
        if (left-- === 0) interrupting.abort(new Error('interrupted'));
        return source.read(...what);
      };
      await expect(copyFiles({ ...source, read }, target, interrupting.signal)).rejects.toThrow('interrupted');
      expect(await copyFiles(source, target)).toEqual({ files: 3, copied: 1 });
    });

    it('are waited for no longer once they are not wanted, where a store stands still', async () => {
      const { source, target } = await filled();
      const still = () => new Promise<never>(() => {});
      const listing = async function* () {
        yield await still();
      };
      const wanted = () => AbortSignal.timeout(20);
      await expect(copyFiles({ ...source, list: listing }, target, wanted())).rejects.toThrow('timeout');
      await expect(copyFiles(source, { ...target, stat: still }, wanted())).rejects.toThrow('timeout');
    });

    it('never take the place of others', async () => {
      const { source, target, put } = await filled();
      await put(target, 'media/two/original', 'others');
      await expect(copyFiles(source, target)).rejects.toThrow(FileExists);
      expect(await text((await target.read('media/two/original')).stream)).toBe('others');
    });
  });
}
