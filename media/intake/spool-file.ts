/** A file of the folder in which files arrive, while it is written: counted, hashed and searched, in few large writes, and synced as it grows. */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { newMarkSearch } from './inspect/archive-marks.ts';

/** A new file that a stream is piped into. */
export interface SpoolFile {
  into: Writable;
  /** What was written, once it is whole: its bytes, their SHA-256 in hexadecimal, and whether the marks of an archive are in it. */
  written(): { bytes: number; sha256: string; hasMarks: boolean };
}

/** Bytes that wait while others are written; they are the next write. */
const WAITING = 1024 * 1024;
/** Bytes after which what is there is synced while more arrives, so that the end of a large file waits for the disk no longer than that of a small one. */
const SYNC_AFTER = 64 * 1024 * 1024;
/** A piece of so many bytes that has a memory of its own came from a socket. Small ones may be somebody's buffer that is filled again and again. */
const OF_A_SOCKET = 16 * 1024;

/** How a file is written. */
export interface SpoolFileOptions {
  /** Throws where so many bytes are too many. */
  check(bytes: number): void;
  /** Opens the new file; tests have disks that refuse. */
  openNew?: (path: string) => Promise<DiskFile>;
  /** Bytes after which it is synced; default SYNC_AFTER. */
  syncAfter?: number;
}

/** What of an open file is used here. */
export type DiskFile = Pick<FileHandle, 'writev' | 'write' | 'datasync' | 'close'>;

/**
 * Makes a new file at a path. The pieces that are written into it are its own: those that sockets bring are empty once they are on the disk.
 * The stream fails with the error of `check`, or with the disk's.
 */
export function newSpoolFile(path: string, { check, openNew = (at) => open(at, 'wx', 0o600), syncAfter = SYNC_AFTER }: SpoolFileOptions): SpoolFile {
  const hash = createHash('sha256');
  const marks = newMarkSearch();
  let bytes = 0;
  let file: DiskFile | undefined;
  const sync = newSync(syncAfter);

  async function take(pieces: readonly Buffer[]): Promise<void> {
    const to = file as DiskFile;
    const length = pieces.reduce((sum, one) => sum + one.length, 0);
    check(bytes + length);
    for (const one of pieces) {
      hash.update(one);
      marks.add(one);
    }
    await writeAll(to, pieces, length);
    bytes += length;
    pieces.forEach(giveBack);
    sync.wrote(to, length);
  }

  const into = new Writable({
    highWaterMark: WAITING,
    construct: (done) => {
      const opened = async () => {
        file = await openNew(path);
      };
      opened().then(() => done(), done);
    },
    write: (piece: Buffer, _, done) => void take([piece]).then(() => done(), done),
    writev: (pieces, done) => void take(pieces.map(({ chunk }) => chunk)).then(() => done(), done),
    final: (done) => void sync.end().then(() => done(), done),
    destroy: (error, done) => {
      const closed = async () => {
        await sync.end().catch(() => {});
        await file?.close();
      };
      closed().then(
        () => done(error),
        (late) => done(error ?? late),
      );
    },
  });
  return { into, written: () => ({ bytes, sha256: hash.digest('hex'), hasMarks: marks.found() }) };
}

async function writeAll(file: DiskFile, pieces: readonly Buffer[], length: number): Promise<void> {
  let { bytesWritten: done } = await file.writev(pieces);
  // A disk that is nearly full takes a part, and says why with the rest.
  while (done < length) {
    const { bytesWritten } = await file.write(Buffer.concat(pieces).subarray(done));
    if (bytesWritten === 0) throw Object.assign(new Error('the disk takes no more bytes'), { syscall: 'write', code: 'ENOSPC' });
    done += bytesWritten;
  }
}

/**
 * Frees the memory of a piece that nobody else has a part of. The collector counts such memory, and would go through everything that this process
 * remembers after each thirty megabytes of it, while all others wait.
 */
function giveBack({ buffer, byteLength }: Buffer): void {
  if (byteLength >= OF_A_SOCKET && byteLength === buffer.byteLength && buffer instanceof ArrayBuffer) buffer.transfer(0);
}

interface Sync {
  wrote(file: DiskFile, bytes: number): void;
  /** Waits for what is being synced. Error: that of a sync that failed, after which a later one proves nothing. */
  end(): Promise<void>;
}

function newSync(syncAfter: number): Sync {
  let since = 0;
  let running: Promise<void> | undefined;
  let failed: unknown;
  return {
    wrote: (file, bytes) => {
      if (failed) throw failed;
      since += bytes;
      if (since < syncAfter || running) return;
      since = 0;
      running = file
        .datasync()
        .catch((error) => {
          failed = error;
        })
        .finally(() => {
          running = undefined;
        });
    },
    end: async () => {
      await running;
      if (failed) throw failed;
    },
  };
}
