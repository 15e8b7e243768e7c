/** A file's bytes, read as they are asked for: a file of a gigabyte takes no more memory than a small one. Synchronous: the child has one file at a time. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

export interface Bytes {
  size: number;
  /** The bytes from `from` on, fewer where the file ends. */
  at(from: number, length: number): Buffer;
  /** The offset of the first of these bytes at or after `from` and before `until`; -1 where there is none. */
  find(what: Buffer | number, from: number, until?: number): number;
  /** True where any of these bytes are in it, in one reading of the whole. */
  holdsAny(all: readonly Buffer[]): boolean;
  close(): void;
}

/** Bytes that are read at once. */
const WINDOW = 256 * 1024;

export function openBytes(path: string): Bytes {
  const file = openSync(path, 'r');
  const { size } = fstatSync(file);
  let window: Buffer = Buffer.alloc(0);
  let start = 0;

  function load(from: number, length: number): Buffer {
    const into = Buffer.allocUnsafe(Math.max(0, Math.min(length, size - from)));
    let filled = 0;
    while (filled < into.length) {
      const read = readSync(file, into, filled, into.length - filled, from + filled);
      if (read === 0) break;
      filled += read;
    }
    return into.subarray(0, filled);
  }

  function at(from: number, length: number): Buffer {
    if (length > WINDOW) return load(from, length);
    if (from < start || from + Math.min(length, size - from) > start + window.length) {
      start = from;
      window = load(from, WINDOW);
    }
    return window.subarray(from - start, from - start + length);
  }

  /** The bytes from an offset that are in the window; it is moved where there are fewer than `least`. */
  function rest(from: number, least: number): Buffer {
    if (from < start || from + least > start + window.length) at(from, WINDOW);
    return window.subarray(from - start);
  }

  function find(what: Buffer | number, from: number, until = size): number {
    const length = typeof what === 'number' ? 1 : what.length;
    const last = Math.min(until, size) - length;
    for (let offset = from; offset <= last; ) {
      const chunk = rest(offset, length).subarray(0, until - offset);
      const index = chunk.indexOf(what);
      if (index >= 0) return offset + index;
      offset += Math.max(chunk.length - length, 0) + 1;
    }
    return -1;
  }

  function holdsAny(all: readonly Buffer[]): boolean {
    const overlap = Math.max(...all.map(({ length }) => length)) - 1;
    for (let offset = 0; offset < size; ) {
      const chunk = rest(offset, Math.min(overlap + 1, size - offset));
      if (all.some((one) => chunk.includes(one))) return true;
      offset += Math.max(chunk.length - overlap, 1);
    }
    return false;
  }

  return { size, at, find, holdsAny, close: () => closeSync(file) };
}
