/** Why the system, or SQLite, does not give a file, told to who can mend it. */
import { accessSync, constants, type Stats, statfsSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname } from 'node:path';

/** The cause and what to do about it, as one line; `isFull` where all that is missing is room. */
export interface FileTrouble {
  text: string;
  isFull: boolean;
}

/** An error of the system or of SQLite. */
interface Refusal {
  /** The system's code, as ENOSPC. */
  code?: string | undefined;
  /** SQLite's primary code (sqlite.org/rescode.html). */
  primary?: number | undefined;
}

/** Bytes of room below which a disk counts as full: less than the files of an empty installation need. */
const ROOM = 512 * 1024;

/**
 * Says why a file cannot be used, by the error and by how the file and its folder are; null for an error that has nothing to do with that, as damage.
 *
 *     fileTrouble('/data/secrets.db', error)?.text  // 'its disk is full. Make room there and start again: nothing is lost.'
 */
export function fileTrouble(path: string, error: unknown): FileTrouble | null {
  const refusal = refusalIn(error);
  if (!refusal) return null;
  if (isFull(path, refusal)) {
    const text = 'its disk is full, or a quota or a limit on the size of files is reached. Make room and start again: nothing is lost.';
    return { text, isFull: true };
  }
  const text = other(path, refusal);
  return text === null ? null : { text, isFull: false };
}

const OUT_OF_ROOM = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
const FULL = 13;
const IO_ERROR = 10;

function isFull(path: string, { code, primary }: Refusal): boolean {
  if (code !== undefined && OUT_OF_ROOM.has(code)) return true;
  // SQLite calls some of it an input/output error.
  return primary === FULL || ((primary === undefined || primary === IO_ERROR) && code === undefined && roomAt(path) < ROOM);
}

function roomAt(path: string): number {
  try {
    const { bavail, bsize } = statfsSync(dirname(path));
    return bavail * bsize;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/** The ends of the names of the files beside a file: SQLite's, and the event store's witness. */
const BESIDE = ['-wal', '-shm', '-journal', '-witness', '-witness.new'];

/** What to say of a code where the file itself shows nothing; SQLite's PERM, READONLY and CANTOPEN, BUSY and LOCKED, IOERR. */
const MEANINGS: readonly [codes: readonly (string | number)[], text: string][] = [
  [['EROFS'], 'its file system can only be read. Mount it for writing, or name another place.'],
  [['EMFILE', 'ENFILE'], 'too many files are open. Raise the limit (ulimit -n) and start again.'],
  [[5, 6, 'EBUSY', 'ETXTBSY'], 'another program has it locked. End that one and start again.'],
  [
    ['EIO', IO_ERROR],
    'its disk refuses to read or write it (an input/output error). Look at the disk, the log of the system, and limits on the size of files (ulimit -f).',
  ],
  [['EISDIR', 'ENOTDIR'], 'a folder is where a file must be, or a file where a folder must be. Move it away.'],
  [['EACCES', 'EPERM', 3, 8, 14], 'this user may not read and write it, or its folder. Give both to this user (chown), or start as their owner.'],
];

function other(path: string, { code, primary }: Refusal): string | null {
  const file = statOf(path);
  if (file?.isDirectory()) return 'it is a folder, where a file must be. Move it away.';
  for (const one of [path, ...BESIDE.map((end) => `${path}${end}`), folderOf(path)]) {
    const refused = accessRefused(one);
    if (refused === 'EROFS') return meaningOf(refused);
    if (refused !== null) return notMine(one);
  }
  return meaningOf(code ?? primary ?? '');
}

function meaningOf(code: string | number): string | null {
  return MEANINGS.find(([codes]) => codes.includes(code))?.[1] ?? null;
}

/** The folder in which the file is, or in which its first missing folder would be made. */
function folderOf(path: string): string {
  const folder = dirname(path);
  return statOf(folder) || folder === dirname(folder) ? folder : folderOf(folder);
}

/** The system's reason why this user may not read and write a file or folder; null where it may, and where nothing is there. */
function accessRefused(path: string): 'EACCES' | 'EPERM' | 'EROFS' | null {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return null;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'EACCES' || code === 'EPERM' || code === 'EROFS' ? code : null;
  }
}

function notMine(path: string): string {
  const owner = statOf(path);
  const whose = owner ? ` (it is user ${owner.uid}'s, mode ${(owner.mode & 0o777).toString(8)})` : '';
  return `user ${userInfo().uid} may not read and write ${path}${whose}. Give it to this user (chown), or start as its owner.`;
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** SQLite's codes that speak of the file and not of what is in it, with their words, which are all that comes from a thread. */
const OF_FILES = new Map([
  [3, 'access permission denied'],
  [5, 'database is locked'],
  [6, 'database table is locked'],
  [8, 'attempt to write a readonly database'],
  [10, 'disk I/O error'],
  [13, 'database or disk is full'],
  [14, 'unable to open database file'],
]);

/** The error of the system or of SQLite in an error, or among its causes. */
function refusalIn(error: unknown): Refusal | null {
  if (!(error instanceof Error)) return null;
  const { errcode, code, syscall } = error as NodeJS.ErrnoException & { errcode?: number };
  if (errcode !== undefined) return OF_FILES.has(errcode & 0xff) ? { primary: errcode & 0xff } : null;
  if (syscall !== undefined) return isOfFiles(code) ? { code } : null;
  return refusalIn(error.cause) ?? inWords(error.message);
}

/** An error of a thread has come as a text. */
function inWords(message: string): Refusal | null {
  const code = /\b(E[A-Z]{3,}): /.exec(message)?.[1];
  if (isOfFiles(code)) return { code };
  const [primary] = [...OF_FILES].find(([, words]) => message.includes(words)) ?? [];
  return primary === undefined ? null : { primary };
}

/** False for the codes of sockets, and whatever else has nothing to do with files. */
function isOfFiles(code: string | undefined): boolean {
  return code !== undefined && (OUT_OF_ROOM.has(code) || MEANINGS.some(([codes]) => codes.includes(code)));
}
