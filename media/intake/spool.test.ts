import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, open, readdir, readFile, rm, stat, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import fc from 'fast-check';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { ARCHIVE_MARKS } from './inspect/archive-marks.ts';
import { openSpool, type Spool, SpoolUnavailable } from './spool.ts';
import { type DiskFile, newSpoolFile, type SpoolFileOptions } from './spool-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spool-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
});

/** A piece in a memory of its own, as the server of HTTP has them from a socket. */
const own = (bytes: Uint8Array) => Buffer.from(new Uint8Array(bytes).buffer);
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('a file that arrives', () => {
  let spool: Spool;
  beforeEach(async () => {
    spool = await openSpool(join(folder, 'spool'));
  });

  it('is what was sent, counted and hashed, in whatever pieces it comes', async () => {
    const piece = fc.tuple(fc.integer({ min: 0, max: 70_000 }), fc.integer({ min: 0, max: 255 }), fc.boolean());
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 40 }), async (all) => {
        const pieces = all.map(([length, fill, isOwn]) => (isOwn ? own(Buffer.alloc(length, fill)) : Buffer.alloc(length + 1, fill).subarray(1)));
        const whole = Buffer.concat(pieces);
        const file = await spool.take(Readable.from(pieces), whole.length);
        expect(file).toMatchObject({ bytes: whole.length, sha256: sha256(whole) });
        expect((await readFile(file.path)).equals(whole)).toBe(true);
        await file.remove();
      }),
      { numRuns: 30 },
    );
    expect(await readdir(spool.folder)).toEqual([]);
  });

  it('says whether the first bytes of an archive are in it, also across pieces', async () => {
    const mark = fc.option(fc.constantFrom(...ARCHIVE_MARKS));
    const cuts = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(mark, fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 60 }), cuts, async (one, before, after, lengths) => {
        const whole = Buffer.concat([Buffer.alloc(before, 'P7R'), one ?? Buffer.from('PK\x05\x06\0\0\0'), Buffer.alloc(after, 'zK\x05a')]);
        const pieces = [];
        for (let [at, n] = [0, 0]; at < whole.length; at += lengths[n++ % lengths.length] as number)
          pieces.push(whole.subarray(at, at + (lengths[n % lengths.length] as number)));
        const file = await spool.take(Readable.from(pieces), 1e6);
        expect(file.hasMarks).toBe(one !== null);
        await file.remove();
      }),
    );
  });

  it('gives back the memory of pieces that came from a socket, and leaves what somebody else has a part of', async () => {
    const large = own(Buffer.alloc(65_536, 1));
    const small = own(Buffer.alloc(100, 2));
    const shared = Buffer.alloc(65_536, 3);
    await spool.take(Readable.from([large, small, shared.subarray(1)]), 200_000);
    expect([large.byteLength, small.byteLength, shared.byteLength]).toEqual([0, 100, 65_536]);
  });

  it('is refused with its first byte too many, and nothing of it is left', async () => {
    const pieces = () => Array.from({ length: 50 }, () => Buffer.alloc(65_536));
    await expect(spool.take(Readable.from(pieces()), 50 * 65_536 - 1)).rejects.toMatchObject({ code: 'invalid', status: 413 });
    expect(await readdir(spool.folder)).toEqual([]);
    expect((await spool.take(Readable.from(pieces()), 50 * 65_536)).bytes).toBe(50 * 65_536);
  });

  it('is gone where it breaks off, with the error of that', async () => {
    const broken = Readable.from(
      (async function* () {
        yield Buffer.alloc(65_536);
        throw new Error('the client is gone');
      })(),
    );
    await expect(spool.take(broken, 1e6)).rejects.toThrow('the client is gone');
    expect(await readdir(spool.folder)).toEqual([]);
  });

  it('cannot be taken where the disk refuses it', async () => {
    await spool.close();
    await expect(spool.take(Readable.from([Buffer.from('x')]), 10)).rejects.toThrow(SpoolUnavailable);
  });
});

describe('the folder of a process', () => {
  const days = (count: number) => new Date(Date.now() - count * 86_400_000);
  it('on another machine is left while it says that it is there, and removed once it has said nothing for more than a day', async () => {
    const parent = join(folder, 'spool');
    const [silent, living] = ['elsewhere.7.abcdef', 'elsewhere.8.abcdef'].map((name) => join(parent, name)) as [string, string];
    await mkdir(silent, { recursive: true });
    await mkdir(living);
    await utimes(silent, days(2), days(2));
    await utimes(living, days(0.9), days(0.9));
    const own = await openSpool(parent);
    expect((await readdir(parent)).map((name) => join(parent, name)).toSorted()).toEqual([living, own.folder].toSorted());
    await own.close();
  });

  it('says that it is there, however long no file comes', async () => {
    const own = await openSpool(join(folder, 'spool'), { signEvery: 5 });
    await utimes(own.folder, days(2), days(2));
    await vi.waitFor(async () => expect((await stat(own.folder)).mtimeMs).toBeGreaterThan(days(1).getTime()));
    await own.close();
    expect(await readdir(join(folder, 'spool'))).toEqual([]);
  });
});

describe('a disk', () => {
  /** Writes a hundred pieces to a file of which some calls are others; resolves to its bytes. */
  async function written(others: (file: DiskFile) => Partial<DiskFile>, more: Partial<SpoolFileOptions> = {}): Promise<Buffer> {
    const path = join(folder, 'file');
    let isClosed = false;
    const openNew = async (): Promise<DiskFile> => {
      const file = await open(path, 'wx');
      const close = () => {
        isClosed = true;
        return file.close();
      };
      const plain: DiskFile = { writev: file.writev.bind(file), write: file.write.bind(file), datasync: file.datasync.bind(file), close };
      return { ...plain, ...others(plain) };
    };
    try {
      const file = newSpoolFile(path, { check: () => {}, openNew, ...more });
      await pipeline(Readable.from(Array.from({ length: 100 }, (_, n) => own(Buffer.alloc(20_000, n)))), file.into);
      return await readFile(path);
    } finally {
      expect(isClosed).toBe(true);
    }
  }
  const whole = Buffer.concat(Array.from({ length: 100 }, (_, n) => Buffer.alloc(20_000, n)));

  it('that takes a part of a write is given the rest', async () => {
    const parts = ({ write }: DiskFile): Partial<DiskFile> => ({
      // Half of the first piece, and then a third of what is left.
      writev: (async ([first]: Buffer[]) => write((first as Buffer).subarray(0, 10_000))) as unknown as DiskFile['writev'],
      write: (async (rest: Buffer) => write(rest.subarray(0, Math.ceil(rest.length / 3)))) as unknown as DiskFile['write'],
    });
    expect((await written(parts)).equals(whole)).toBe(true);
  });

  it('that takes nothing any more has no endless tries', async () => {
    const nothing = async () => ({ bytesWritten: 0 });
    await expect(written(() => ({ writev: nothing, write: nothing }) as unknown as Partial<DiskFile>)).rejects.toThrow('takes no more');
  });

  it('is asked to keep a large file while it arrives, once at a time', async () => {
    const path = join(folder, 'file');
    let asked = 0;
    const kept: (() => void)[] = [];
    const openNew = async (): Promise<DiskFile> => {
      const file = await open(path, 'wx');
      const datasync = () => {
        asked++;
        return new Promise<void>((resolve) => kept.push(resolve));
      };
      return { writev: file.writev.bind(file), write: file.write.bind(file), datasync, close: () => file.close() };
    };
    const { into } = newSpoolFile(path, { check: () => {}, openNew, syncAfter: 30_000 });
    /** Resolves once a piece is written: the next one is a write of its own. */
    const write = (n: number) =>
      new Promise<void>((resolve, reject) => into.write(Buffer.alloc(20_000, n), (error) => (error ? reject(error) : resolve())));
    /** The disk has kept what it was asked to, and everybody who waited for that has heard of it. */
    const keep = async () => {
      kept.shift()?.();
      await new Promise(setImmediate);
    };
    await write(1);
    expect(asked).toBe(0);
    await write(2);
    expect(asked).toBe(1);
    for (const n of [3, 4, 5]) await write(n);
    expect(asked).toBe(1);
    await keep();
    await write(6);
    expect(asked).toBe(2);
    let isWhole = false;
    const ended = new Promise<void>((resolve, reject) => into.end((error?: Error | null) => (error ? reject(error) : resolve()))).then(() => {
      isWhole = true;
    });
    await new Promise(setImmediate);
    expect(isWhole).toBe(false);
    await keep();
    await ended;
    expect((await readFile(path)).equals(Buffer.concat([1, 2, 3, 4, 5, 6].map((n) => Buffer.alloc(20_000, n))))).toBe(true);
  });

  it('that could not keep a part makes no whole, however late it says so', async () => {
    for (const turns of [0, 100]) {
      const datasync = async () => {
        for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
        throw Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO', syscall: 'fdatasync' });
      };
      await expect(written(() => ({ datasync }), { syncAfter: 1_900_000 })).rejects.toThrow('EIO');
      await rm(join(folder, 'file'));
    }
  });
});
