/**
 * SQLite reads its write-ahead log up to the first frame that is not in order, and takes the frames after it for remains of older times: one wrong
 * bit silently drops everything committed after it. So the log is looked through before SQLite sees it. A crash can leave the last transaction
 * unfinished, and nothing after it; a wrong frame with another transaction behind it is damage. (Format: sqlite.org/fileformat2.html, 4.)
 */
import { readFileSync } from 'node:fs';
import { endianness } from 'node:os';
import { damaged } from './damage.ts';

const HEADER = 32;
const FRAME_HEADER = 24;

/** Fibonacci-weighted sums over 32-bit words, modulo 2^32. */
type Sum = readonly [number, number];

interface Wal {
  bytes: Buffer;
  /** True where its sums read words big-endian. */
  big: boolean;
  frameSize: number;
  frames: number;
}

/** Error: StoreDamaged when frames in the middle are not what was written. */
export function checkWal(path: string): void {
  const bytes = read(path);
  if (bytes.length < HEADER || bytes.subarray(0, HEADER).every((byte) => byte === 0)) return;
  const magic = bytes.readUInt32BE(0);
  const pageSize = bytes.readUInt32BE(8);
  const headerHolds = (magic & ~1) === 0x377f0682 && equal(sum(bytes.subarray(0, 24), (magic & 1) === 1), sumAt(bytes, 24));
  if (!headerHolds) throw damaged('the head of its write-ahead log is not what was written');
  const frameSize = FRAME_HEADER + pageSize;
  const wal = { bytes, big: (magic & 1) === 1, frameSize, frames: Math.floor((bytes.length - HEADER) / frameSize) };
  const wrong = firstWrong(wal);
  if (committedAfter(wal, wrong)) throw damaged(`frame ${wrong + 1} of its write-ahead log is not what was written`);
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
}

/** Index of the first frame that SQLite will not take; the number of frames where it takes all. */
function firstWrong(wal: Wal): number {
  for (let index = 0; index < wal.frames; index++) if (!holds(wal, index)) return index;
  return wal.frames;
}

/** True where a transaction follows the one that frame `wrong` is of. */
function committedAfter(wal: Wal, wrong: number): boolean {
  let commits = 0;
  for (let index = wrong + 1; index < wal.frames; index++) {
    if (!holds(wal, index)) continue;
    if (commits > 0) return true;
    if (isCommit(wal, index)) commits++;
  }
  return false;
}

/** True where a frame is of this log (its salts) and in order after what the frame before says of itself. */
function holds({ bytes, big, frameSize }: Wal, index: number): boolean {
  const at = HEADER + index * frameSize;
  if (!bytes.subarray(16, 24).equals(bytes.subarray(at + 8, at + 16))) return false;
  const before = sumAt(bytes, index === 0 ? 24 : at - frameSize + 16);
  const head = sum(bytes.subarray(at, at + 8), big, before);
  return equal(sum(bytes.subarray(at + FRAME_HEADER, at + frameSize), big, head), sumAt(bytes, at + 16));
}

/** A transaction's last frame says how many pages the file then has. */
function isCommit({ bytes, frameSize }: Wal, index: number): boolean {
  return bytes.readUInt32BE(HEADER + index * frameSize + 4) !== 0;
}

function sumAt(bytes: Buffer, at: number): Sum {
  return [bytes.readUInt32BE(at), bytes.readUInt32BE(at + 4)];
}

function equal(a: Sum, b: Sum): boolean {
  return a[0] === b[0] && a[1] === b[1];
}

function sum(part: Buffer, big: boolean, [a, b]: Sum = [0, 0]): Sum {
  const swapped = big === (endianness() === 'LE');
  const copy = Buffer.from(part);
  if (swapped) copy.swap32();
  const words = new Uint32Array(copy.buffer, copy.byteOffset, copy.length / 4);
  let [s0, s1] = [a, b];
  for (let index = 0; index < words.length; index += 2) {
    s0 = (s0 + (words[index] as number) + s1) >>> 0;
    s1 = (s1 + (words[index + 1] as number) + s0) >>> 0;
  }
  return [s0, s1];
}
