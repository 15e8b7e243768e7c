import { once } from 'node:events';
import { createReadStream, existsSync, readdirSync, readlinkSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { openFolderFiles } from './file/file.ts';
import { describeFiles } from './files.suite.ts';
import { type Files, FilesUnavailable } from './files.ts';
import { patient } from './patient.ts';

async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'patient-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

describeFiles('a folder that is not waited for in vain', async () => patient(openFolderFiles(join(await emptyFolder(), 'files'))));

const never = () => new Promise<never>(() => {});
const KEY = 'media/one/original';
const SOON = { answer: 30, bytesInAMs: 1_000, silence: 30 };
const LATER = { answer: 60_000, bytesInAMs: 1, silence: 60_000 };
let folder: string;
let store: Files;
beforeEach(async () => {
  folder = await emptyFolder();
  store = openFolderFiles(join(folder, 'files'));
});

async function local(bytes: string) {
  const path = join(folder, 'upload');
  await writeFile(path, bytes);
  return { path, bytes: bytes.length, type: 'text/plain' };
}

describe('a store that does not answer', () => {
  it('is away, whatever is asked of it', async () => {
    const list = () => ({ [Symbol.asyncIterator]: () => ({ next: never, return: never }) });
    const files = patient({ ...store, put: never, read: never, stat: never, remove: never, list, directGet: never }, SOON);
    const listed = async () => {
      for await (const _ of files.list('')) expect.fail();
    };
    const how = { from: new Date(), seconds: 1, type: '', disposition: '', cacheControl: '' };
    const from = await local('x');
    for (const asked of [
      () => files.put(KEY, from),
      () => files.read(KEY),
      () => files.stat(KEY),
      () => files.remove(KEY),
      listed,
      () => (files.directGet as NonNullable<Files['directGet']>)(KEY, how),
    ])
      await expect(asked()).rejects.toThrow(FilesUnavailable);
  });

  it('hears that it is not waited for any longer, and what it does later is a repeat’s', async () => {
    const { promise: longer, resolve: answer } = Promise.withResolvers<void>();
    let over: AbortSignal | undefined;
    const put: Files['put'] = async (key, from, signal) => {
      over = signal;
      await longer;
      await store.put(key, from);
    };
    const from = await local('hello');
    await expect(patient({ ...store, put }, SOON).put(KEY, from)).rejects.toThrow(FilesUnavailable);
    expect(over?.aborted).toBe(true);
    answer();
    await expect.poll(() => store.stat(KEY)).toMatchObject({ bytes: 5 });
    await patient(store, LATER).put(KEY, from);
  });

  it('is given up as soon as who asked gives up', async () => {
    const gone = new AbortController();
    const put = patient({ ...store, put: never }, LATER).put(KEY, await local('x'), gone.signal);
    gone.abort(new Error('no longer wanted'));
    await expect(put).rejects.toThrow('no longer wanted');
  });

  it('holds no file open that it opens too late', async () => {
    await store.put(KEY, await local('hello'));
    const { promise: longer, resolve: answer } = Promise.withResolvers<void>();
    let late: Readable | undefined;
    const read: Files['read'] = async (key) => {
      await longer;
      const opened = await store.read(key);
      late = opened.stream;
      return opened;
    };
    await expect(patient({ ...store, read }, SOON).read(KEY)).rejects.toThrow(FilesUnavailable);
    answer();
    await expect.poll(() => late?.destroyed).toBe(true);
  });
});

describe('an object that is being read', () => {
  /** Files of which every one sends this. */
  const sending = (stream: Readable, patience = LATER) => patient({ ...store, read: async () => ({ stream, bytes: 10 }) }, patience);

  it('fails where its store falls silent half-way, and lets go of what it had open', async () => {
    const source = new Readable({ read() {} });
    source.push('half');
    const { stream } = await sending(source, SOON).read(KEY);
    await expect(buffer(stream)).rejects.toThrow(FilesUnavailable);
    expect(source.destroyed).toBe(true);
  });

  it('fails where it breaks off, by the store’s own error or by none, and says that the store is away', async () => {
    for (const why of [new Error('ECONNRESET'), undefined]) {
      const source = new Readable({ read() {} });
      source.push('half');
      const { stream } = await sending(source).read(KEY);
      const read = buffer(stream);
      source.destroy(why);
      await expect(read).rejects.toThrow(FilesUnavailable);
    }
  });

  it('waits for a reader as slow as it likes', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const half = Buffer.alloc(200_000, 'x');
    const { stream } = await sending(Readable.from([half, half])).read(KEY);
    await once(stream, 'readable');
    expect(stream.read(1)).toEqual(Buffer.from('x'));
    vi.advanceTimersByTime(24 * LATER.silence);
    expect(await buffer(stream)).toHaveLength(399_999);
  });

  it.runIf(process.platform === 'linux')('that nobody reads to its end is closed with its reader', async () => {
    await store.put(KEY, await local('x'.repeat(1_000_000)));
    const path = join(folder, 'files', 'media', 'on', 'one', 'original');
    expect(existsSync(path)).toBe(true);
    const isOpen = () =>
      readdirSync('/proc/self/fd').some((fd) => {
        try {
          return readlinkSync(`/proc/self/fd/${fd}`) === path;
        } catch {
          return false;
        }
      });
    const { stream } = await sending(createReadStream(path)).read(KEY);
    for await (const _ of stream) break;
    await expect.poll(isOpen).toBe(false);
  });
});
