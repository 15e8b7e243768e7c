/** The write-ahead log of an SQLite file as it lies on the disk, read in pieces, however long it is. (Format: sqlite.org/fileformat2.html, 4.) */
import { closeSync, openSync, readSync } from 'node:fs';

/** Bytes before the first frame, and before the page in each frame. */
export const WAL_HEAD = 32;
const FRAME_HEAD = 24;

/** Bytes that are read at once, about. */
const PIECE = 1024 * 1024;

/** Fibonacci-weighted sums over 32-bit words, modulo 2^32. */
export type Sum = readonly [number, number];

/** A frame: a page as a transaction left it. Its bytes are good until the next frame is asked for. */
export interface Frame {
  /** The number of the page in the file, from 1. */
  page: number;
  /** True for the last frame of a transaction. */
  commits: boolean;
  /** The two numbers that all frames of one log carry, of which a restarted log gets others. */
  salts: Sum;
  /** The sum that the frame says it has. */
  sum: Sum;
  /** The sum that the frame has, where the one before it has `before`. */
  sumAfter(before: Sum, big: boolean): Sum;
  /** The bytes of the page. */
  content: Uint8Array;
}

/** Reads the frames of a log of which `log` is the file descriptor. What is left at its end is no frame. */
export function* framesOf(log: number, pageSize: number): Generator<Frame> {
  const size = FRAME_HEAD + pageSize;
  const piece = new Uint8Array(size * Math.max(1, Math.floor(PIECE / size)));
  for (let at = WAL_HEAD; ; at += piece.length) {
    const there = readFull(log, piece, at);
    for (let from = 0; from + size <= there; from += size) yield frameIn(new DataView(piece.buffer, from, size));
    if (there < piece.length) return;
  }
}

function frameIn(bytes: DataView): Frame {
  return {
    page: bytes.getUint32(0),
    commits: bytes.getUint32(4) !== 0,
    salts: pairAt(bytes, 8),
    sum: pairAt(bytes, 16),
    sumAfter: (before, big) => sumOf(part(bytes, FRAME_HEAD), big, sumOf(part(bytes, 0, 8), big, before)),
    content: new Uint8Array(bytes.buffer, bytes.byteOffset + FRAME_HEAD, bytes.byteLength - FRAME_HEAD),
  };
}

function part({ buffer, byteOffset, byteLength }: DataView, from: number, to = byteLength): DataView {
  return new DataView(buffer, byteOffset + from, to - from);
}

/** Runs work on a file with its descriptor, where it is there. */
export function withFile(path: string, work: (file: number) => void): void {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return;
    throw error;
  }
  try {
    work(file);
  } finally {
    closeSync(file);
  }
}

/** Reads as many bytes as are there from an offset on, up to the length of `into`, and answers their number. */
export function readFull(file: number, into: Uint8Array, from: number): number {
  let there = 0;
  while (there < into.length) {
    const read = readSync(file, into, there, into.length - there, from + there);
    if (read === 0) break;
    there += read;
  }
  return there;
}

/** Two numbers of a frame or of the head. */
export function pairAt(bytes: DataView, at: number): Sum {
  return [bytes.getUint32(at), bytes.getUint32(at + 4)];
}

/** Sums bytes, whose words are big-endian where `big` is true, on top of a sum. */
export function sumOf(bytes: DataView, big: boolean, [a, b]: Sum = [0, 0]): Sum {
  let [s0, s1] = [a | 0, b | 0];
  for (let at = 0; at < bytes.byteLength; at += 8) {
    s0 = (s0 + bytes.getInt32(at, !big) + s1) | 0;
    s1 = (s1 + bytes.getInt32(at + 4, !big) + s0) | 0;
  }
  return [s0 >>> 0, s1 >>> 0];
}

/** True for two equal pairs of numbers. */
export function equalPairs(a: Sum, b: Sum): boolean {
  return a[0] === b[0] && a[1] === b[1];
}
