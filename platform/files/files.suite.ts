/** The tests that every store of files passes. An implementation's test runs them: `describeFiles('folder', async () => openFolderFiles(folder))`. */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FileExists, FileMissing, type Files } from './files.ts';

interface FilesSuiteOptions {
  /** Puts an object of somebody else's into the store that was opened last, past the port. */
  stray?: (name: string) => Promise<void>;
  /** A size that the store takes in several parts. */
  large?: number;
  runs?: number;
  /** Resolves to false for a server that is known to list folder by folder. */
  ordered?: () => Promise<boolean>;
}

/** Runs the suite. `open` gives an empty store for each test, which the suite closes. */
export function describeFiles(
  name: string,
  open: () => Promise<Files>,
  { large = 100_000, runs = 30, ordered = async () => true, stray }: FilesSuiteOptions = {},
): void {
  describe(`files: ${name}`, () => {
    let files: Files;
    let folder: string;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'files-suite-'));
    });
    afterAll(() => rm(folder, { recursive: true, force: true }));
    beforeEach(async () => {
      files = await open();
    });
    afterEach(() => files.close());

    async function local(bytes: Uint8Array): Promise<{ path: string; bytes: number; type: string }> {
      const path = join(folder, randomUUID());
      await writeFile(path, bytes);
      return { path, bytes: bytes.length, type: 'text/plain' };
    }
    const put = async (key: string, bytes: Uint8Array) => files.put(key, await local(bytes));
    const read = async (key: string, range?: { from: number; to: number }) => {
      const { stream, bytes } = await files.read(key, range);
      const all = await buffer(stream);
      expect(all.length).toBe(bytes);
      return all;
    };
    async function keys(prefix: string): Promise<string[]> {
      const found: string[] = [];
      for await (const { key } of files.list(prefix)) found.push(key);
      return found;
    }

    it.each([0, 1, 70_000])('gives back the %i bytes that it was given', async (size) => {
      const bytes = randomBytes(size);
      await put('media/one/original', bytes);
      expect(await read('media/one/original')).toEqual(bytes);
      expect(await files.stat('media/one/original')).toEqual({ key: 'media/one/original', bytes: size, written: expect.any(Number) });
    });

    it('gives back a large file whole', async () => {
      const bytes = randomBytes(large);
      await put('media/large/original', bytes);
      expect((await read('media/large/original')).equals(bytes)).toBe(true);
    });

    it('has nothing under a key that was never put, or was removed', async () => {
      expect(await files.stat('media/none/original')).toBeUndefined();
      await expect(files.read('media/none/original')).rejects.toThrow(FileMissing);
      await files.remove('media/none/original');
      await put('media/gone/320', Buffer.from('gone'));
      await files.remove('media/gone/320');
      expect(await files.stat('media/gone/320')).toBeUndefined();
      expect(await keys('media/')).toEqual([]);
    });

    it('takes the same bytes again, and no others in their place', async () => {
      await put('media/two/original', Buffer.from('first'));
      await put('media/two/original', Buffer.from('first'));
      await expect(put('media/two/original', Buffer.from('other'))).rejects.toThrow(FileExists);
      await expect(put('media/two/original', Buffer.from('longer than that'))).rejects.toThrow(FileExists);
      expect((await read('media/two/original')).toString()).toBe('first');
    });

    it('of two that put under one key at once, one has it whole', async () => {
      const both = [Buffer.alloc(50_000, 'a'), Buffer.alloc(50_000, 'b')];
      const ends = await Promise.allSettled(both.map((bytes) => put('media/race/original', bytes)));
      expect(ends.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
      const winner = both[ends.findIndex(({ status }) => status === 'fulfilled')] ?? expect.fail();
      expect((await read('media/race/original')).equals(winner)).toBe(true);
    });

    it('leaves the local file, or uses it up where it may', async () => {
      const kept = await local(Buffer.from('kept'));
      await files.put('media/kept/original', kept);
      expect((await stat(kept.path)).size).toBe(4);
      const moved = await local(Buffer.from('moved'));
      await files.put('media/moved/original', { ...moved, move: true });
      await expect(stat(moved.path)).rejects.toThrow('ENOENT');
      expect((await read('media/moved/original')).toString()).toBe('moved');
    });

    it('gives any part of a file, and says where there is none', async () => {
      const bytes = randomBytes(1_000);
      await put('media/parts/original', bytes);
      await fc.assert(
        fc.asyncProperty(fc.nat(999), fc.nat(1_500), async (from, length) => {
          expect(await read('media/parts/original', { from, to: from + length })).toEqual(bytes.subarray(from, from + length + 1));
        }),
        { numRuns: runs },
      );
      await expect(files.read('media/parts/original', { from: 1_000, to: 1_001 })).rejects.toThrow(RangeError);
    });

    it('lists what begins with a text, in the order of the keys', async ({ skip }) => {
      skip(!(await ordered()), 'this server lists folder by folder');
      const ids = ['ab', 'ab-c', 'abc', 'b0', 'Ab', 'zz'];
      const all = ids.flatMap((id) => ['320', 'original'].map((size) => `media/${id}/${size}`));
      for (const key of ['incoming/x1/upload', ...all].toReversed()) await put(key, Buffer.from(key));
      expect(await keys('media/')).toEqual(all.toSorted());
      expect(await keys('media/ab/')).toEqual(['media/ab/320', 'media/ab/original']);
      expect(await keys('media/ab')).toEqual(all.filter((key) => key.startsWith('media/ab')).toSorted());
      expect(await keys('incoming/')).toEqual(['incoming/x1/upload']);
      expect(await keys('media/none/')).toEqual([]);
    });

    it.runIf(stray)('passes what others have put beside its files', async () => {
      await put('media/ours/original', Buffer.from('ours'));
      for (const name of ['media/ou/ours/.DS_Store', 'media/ou/ours/original.bak', 'media/no/notes of mine/a b', 'media/README', 'x'])
        await stray?.(name);
      expect(await keys('')).toEqual(['media/ours/original']);
      expect(await keys('media/ours/')).toEqual(['media/ours/original']);
    });

    it.each([
      '',
      'media',
      'media/../../etc/passwd',
      '/etc/passwd/x',
      'media/a/b/c',
      'media/./x',
      'media//x',
      'media/a b/x',
      'media/one/.new',
      'media/one/\0',
    ])('takes no key that is none: %j', async (key) => {
      for (const call of [() => put(key, Buffer.from('x')), () => files.read(key), () => files.stat(key), () => files.remove(key)])
        await expect(call()).rejects.toThrow('no key of a file');
    });

    it('has nothing to sweep where nothing was left half on the way', async () => {
      await put('media/swept/original', Buffer.from('x'));
      expect(await files.sweep(0)).toBe(0);
      expect(await keys('media/')).toEqual(['media/swept/original']);
    });
  });
}
