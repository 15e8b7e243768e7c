/**
 * Standard error and standard output as a service writes them: without ever waiting for who reads. A disk that is full, a terminal that was closed, a
 * reader that went away or stands still keep nobody from working, nor from ending.
 */
import { constants, fstatSync, openSync, writeSync } from 'node:fs';

export interface Outlet {
  /** Takes whole lines. They are written in order with the end of this turn of the event loop, or later, as soon as it is possible. */
  write(lines: string): void;
  /** Writes at once what can be written without waiting; pino calls it after a line of level `fatal`. */
  flushSync(): void;
  /** Tells what befalls the lines. There is one watcher, the last. */
  watch(watcher: OutletWatcher): void;
}

export interface OutletWatcher {
  /** Lines were given up, because too many wait. */
  lost?(lines: number): void;
  /** It can no longer be written, because of this error, for example ENOSPC. Called once, until it was written again. */
  failing?(code: string): void;
}

/** Characters that wait at most, about a minute of a busy log. Whatever comes when they are over is lost, until all of them are written. */
const MOST_WAITING = 1024 * 1024;
/** Characters that are given to the operating system at once. */
const PIECE = 64 * 1024;
/** Milliseconds between two tries where the reader is slow, and where there is an error. */
const SLOW = 20;
const FAILED = 1_000;
/** Milliseconds that the end of the process waits for a slow reader. */
const PATIENCE_AT_END = 500;

const outlets = new Map<number, Outlet>();

/**
 * The outlet of file descriptor 1 or 2. There is one for each in a process, so that lines keep their order, whoever writes them.
 *
 *     outletOf(2).write('taskledger: the port is taken\n');
 */
export function outletOf(fd: 1 | 2): Outlet {
  const known = outlets.get(fd);
  if (known) return known;
  const outlet = openOutlet(withoutWaiting(fd));
  outlets.set(fd, outlet);
  return outlet;
}

/** A descriptor of the same file whose writes fail with EAGAIN where they would have to wait, as far as the system knows such a thing. */
function withoutWaiting(fd: 1 | 2): number {
  // Node makes pipes and sockets such when it opens their stream. What it writes there itself, like its warnings, must not end the process either.
  (fd === 1 ? process.stdout : process.stderr).on('error', () => {});
  if (fstatSync(fd).isFile()) return fd;
  try {
    // A terminal does not become one by that; and whoever shares a pipe with this process may undo it. A description of our own nobody else changes.
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    // A socket, another user's file, another system.
    return fd;
  }
}

function openOutlet(fd: number): Outlet {
  const waiting: string[] = [];
  let piece: Buffer = Buffer.alloc(0);
  let size = 0;
  let lost = 0;
  let failed = false;
  let ending = false;
  /** True while a write is due, at the end of this turn or when the reader has had time. */
  let due = false;
  let watcher: OutletWatcher = {};

  /** What is left of the piece in hand, or the next of what waits; empty at the end. Lines that were lost are told after those before them. */
  function currentPiece(): Buffer {
    if (piece.length > 0) return piece;
    let text = '';
    let taken = 0;
    while (taken < waiting.length && text.length < PIECE) text += waiting[taken++];
    waiting.splice(0, taken);
    size -= text.length;
    if (waiting.length > 0 || lost === 0) return Buffer.from(text);
    const gap = JSON.stringify({ level: 40, time: Date.now(), pid: process.pid, lost, msg: 'lines of this log are lost: it could not be written' });
    lost = 0;
    return Buffer.from(`${text}${gap}\n`);
  }

  /** Writes until nothing waits. Returns the code of the error that stopped it. */
  function writeAll(): string | undefined {
    try {
      for (piece = currentPiece(); piece.length > 0; piece = currentPiece()) piece = piece.subarray(writeSync(fd, piece));
      failed = false;
      return undefined;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? String(error);
    }
  }

  function writeOrRetry(): void {
    const code = writeAll();
    due = code !== undefined;
    if (code === undefined) return;
    setTimeout(writeOrRetry, code === 'EAGAIN' ? SLOW : FAILED).unref();
    if (code === 'EAGAIN' || failed) return;
    failed = true;
    watcher.failing?.(code);
  }

  function lose(lines: string): void {
    const count = lines.split('\n').length - 1;
    lost += count;
    watcher.lost?.(count);
  }

  process.on('exit', () => {
    ending = true;
    const until = performance.now() + PATIENCE_AT_END;
    while (writeAll() === 'EAGAIN' && performance.now() < until) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, SLOW);
  });

  return {
    write: (lines) => {
      if (lost > 0 || size + lines.length > MOST_WAITING) lose(lines);
      else {
        waiting.push(lines);
        size += lines.length;
      }
      if (ending) writeAll();
      else if (!due) setImmediate(writeOrRetry).unref();
      due = true;
    },
    flushSync: () => void writeAll(),
    watch: (one) => {
      watcher = one;
    },
  };
}
