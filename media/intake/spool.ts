/** The folder in which files arrive, before they are looked at and stored. Whatever is left of one that was refused is removed. */
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ProblemError } from '../../contracts/problem.ts';
import { Unavailable } from '../../platform/absences/unavailable.ts';
import { newSpoolFile } from './spool-file.ts';

/** A file that arrived whole. */
export interface Spooled {
  path: string;
  bytes: number;
  /** SHA-256 of its bytes, in hexadecimal. */
  sha256: string;
  /** True where the first bytes of an archive are somewhere in it. */
  hasMarks: boolean;
  /** Removes it; it may have been moved away. */
  remove(): Promise<void>;
}

export interface Spool {
  /**
   * Writes a stream to a file; its pieces are used up. Errors: ProblemError 413 above `most` bytes, SpoolUnavailable where the disk takes nothing, whatever the stream fails
   * with. Nothing is left after any of them.
   */
  take(stream: Readable, most: number): Promise<Spooled>;
  folder: string;
  close(): Promise<void>;
}

/** The disk on which files arrive is full, or refuses. */
export class SpoolUnavailable extends Unavailable {
  override readonly name = 'SpoolUnavailable';
  readonly dependency = 'the folder in which files arrive';
  readonly answer = 'Files cannot be taken right now. Try again.';
}

/** Milliseconds after which the folder of a process on another machine, which says nothing any more, is taken for left behind. */
const DAY = 86_400_000;
/** Milliseconds between two signs of life of a folder. */
const SIGN_EVERY = DAY / 24;

/**
 * Makes a folder of this process alone in `parent`, and removes those of processes that are gone. However long no file comes, the folder's time shows that
 * its process is there: another machine has nothing else to know it by. `signEvery`: milliseconds between two such signs; default SIGN_EVERY.
 */
export async function openSpool(parent: string, { signEvery = SIGN_EVERY } = {}): Promise<Spool> {
  await mkdir(parent, { recursive: true, mode: 0o700 });
  for (const name of await readdir(parent)) if (await isLeft(parent, name)) await rm(join(parent, name), { recursive: true, force: true });
  const folder = await mkdtemp(join(parent, `${hostname()}.${process.pid}.`));
  const sign = () => utimes(folder, new Date(), new Date()).catch(() => {});
  const signing = setInterval(sign, signEvery).unref();
  return {
    folder,
    take: (stream, most) => take(stream, join(folder, randomUUID()), most),
    close: () => {
      clearInterval(signing);
      return rm(folder, { recursive: true, force: true });
    },
  };
}

/** True for a folder whose process is gone. Machines may share the parent, and a process of another one cannot be asked. */
async function isLeft(parent: string, name: string): Promise<boolean> {
  const [, host, pid] = /^(.*)\.(\d+)\.\w+$/.exec(name) ?? [];
  if (host === undefined) return false;
  if (host === hostname()) return Number(pid) === process.pid || !isRunning(Number(pid));
  const found = await stat(join(parent, name)).catch(() => undefined);
  return found !== undefined && Date.now() - found.mtimeMs > DAY;
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function take(stream: Readable, path: string, most: number): Promise<Spooled> {
  const remove = () => rm(path, { force: true });
  const { into, written } = newSpoolFile(path, {
    check: (bytes) => {
      if (bytes > most) throw tooManyBytes(most);
    },
  });
  try {
    await pipeline(stream, into);
  } catch (error) {
    await remove().catch(() => {});
    throw isOfDisk(error) ? new SpoolUnavailable(`a file cannot be written: ${(error as Error).message}`, { cause: error }) : error;
  }
  return { path, ...written(), remove };
}

/** The refusal of a file that has more bytes than are taken. */
export function tooManyBytes(most: number): ProblemError {
  const detail = `The file is larger than ${Math.floor(most / 1_000_000)} MB, which is the most that is taken.`;
  return new ProblemError('invalid', detail, { status: 413, errors: [{ pointer: '/file', detail }] });
}

/** True for an error of a call to the file system; those of sockets have no path. */
function isOfDisk(error: unknown): boolean {
  const { code, syscall } = (error ?? {}) as NodeJS.ErrnoException;
  return ['open', 'write', 'fdatasync'].includes(syscall ?? '') || ['ENOSPC', 'EDQUOT', 'EFBIG', 'EIO', 'EROFS'].includes(code ?? '');
}
