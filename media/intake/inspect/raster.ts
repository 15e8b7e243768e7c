/** PNG, GIF and WebP: chains of blocks that say how long they are. */
import type { Bytes } from './bytes.ts';
import { damagedFile } from './finding.ts';
import type { PictureSizes } from './pictures.ts';

const TOO_EARLY = 'the picture ends too early';

/** Bytes that must be there. */
function must(bytes: Bytes, from: number, length: number): Buffer {
  const found = bytes.at(from, length);
  if (found.length < length) throw damagedFile(TOO_EARLY);
  return found;
}

export function pngSize(bytes: Bytes): PictureSizes {
  let size: { width: number; height: number } | undefined;
  let frames = 1;
  let hasPixels = false;
  for (const { type, at, end } of pngChunks(bytes)) {
    size ??= pngSizeAt(bytes, type, at);
    if (type === 'acTL') frames = must(bytes, at, 4).readUInt32BE();
    hasPixels ||= type === 'IDAT';
    if (type === 'IEND') return { ...sizeOf(hasPixels ? size : undefined), frames, end };
  }
  throw damagedFile(TOO_EARLY);
}

function* pngChunks(bytes: Bytes): Generator<{ type: string; at: number; end: number }> {
  for (let at = 8; ; ) {
    const head = must(bytes, at, 8);
    const end = at + 12 + head.readUInt32BE();
    if (end > bytes.size) throw damagedFile(TOO_EARLY);
    yield { type: head.toString('latin1', 4, 8), at: at + 8, end };
    at = end;
  }
}

function pngSizeAt(bytes: Bytes, type: string, at: number): { width: number; height: number } {
  if (type !== 'IHDR') throw damagedFile('the picture does not begin with its size');
  const data = must(bytes, at, 8);
  return { width: data.readUInt32BE(), height: data.readUInt32BE(4) };
}

function sizeOf(size: { width: number; height: number } | undefined): { width: number; height: number } {
  if (!size) throw damagedFile('there is no picture in it');
  return size;
}

const EXTENSION = 0x21;
const FRAME = 0x2c;
const TRAILER = 0x3b;

export function gifSize(bytes: Bytes): PictureSizes {
  const head = must(bytes, 0, 13);
  let frames = 0;
  let at = 13 + colours(head[10] ?? 0);
  for (let [kind] = must(bytes, at, 1); kind !== TRAILER; [kind] = must(bytes, at, 1)) {
    if (kind === FRAME) frames++;
    at = behindGifPart(bytes, at, kind);
  }
  if (frames === 0) throw damagedFile('there is no picture in it');
  return { width: head.readUInt16LE(6), height: head.readUInt16LE(8), frames, end: at + 1 };
}

function behindGifPart(bytes: Bytes, at: number, kind: number | undefined): number {
  if (kind === EXTENSION) return behindBlocks(bytes, at + 2);
  if (kind === FRAME) return behindBlocks(bytes, at + 11 + colours(must(bytes, at, 10)[9] ?? 0));
  throw damagedFile('a part of the picture is of no known kind');
}

/** Bytes of a table of colours, by the flags that say whether there is one. */
function colours(flags: number): number {
  return flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0;
}

function behindBlocks(bytes: Bytes, from: number): number {
  let at = from;
  for (;;) {
    const [length = 0] = must(bytes, at, 1);
    at += 1 + length;
    if (length === 0) return at;
  }
}

export function webpSize(bytes: Bytes): PictureSizes {
  const end = 8 + must(bytes, 0, 12).readUInt32LE(4);
  if (end > bytes.size) throw damagedFile(TOO_EARLY);
  let size: { width: number; height: number } | undefined;
  let frames = 0;
  let hasPixels = false;
  for (const { type, data } of webpChunks(bytes, end)) {
    size ??= webpSizeIn(type, data);
    if (type === 'ANMF') frames++;
    hasPixels ||= PIXELS.includes(type);
  }
  return { ...sizeOf(hasPixels ? size : undefined), frames: Math.max(frames, 1), end };
}

const PIXELS = ['VP8 ', 'VP8L', 'ANMF'];

/** The chunks of a WebP, each with the first of its bytes. */
function* webpChunks(bytes: Bytes, end: number): Generator<{ type: string; data: Buffer }> {
  for (let at = 12; at + 8 <= end; ) {
    const head = must(bytes, at, 8);
    const length = head.readUInt32LE(4);
    if (at + 8 + length > end) throw damagedFile(TOO_EARLY);
    yield { type: head.toString('latin1', 0, 4), data: bytes.at(at + 8, Math.min(length, 10)) };
    at += 8 + length + (length & 1);
  }
}

function webpSizeIn(type: string, data: Buffer): { width: number; height: number } | undefined {
  if (data.length < 10 && (type === 'VP8X' || type === 'VP8 ')) throw damagedFile(TOO_EARLY);
  if (type === 'VP8X') return { width: data.readUIntLE(4, 3) + 1, height: data.readUIntLE(7, 3) + 1 };
  if (type === 'VP8 ') return { width: data.readUInt16LE(6) & 0x3fff, height: data.readUInt16LE(8) & 0x3fff };
  if (type !== 'VP8L' || data.length < 5) return undefined;
  const bits = data.readUInt32LE(1);
  return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
}
