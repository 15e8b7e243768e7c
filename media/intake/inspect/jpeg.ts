/** JPEG: a chain of segments, of which one has the size, and scans whose bytes are looked through for the next marker. */
import type { Bytes } from './bytes.ts';
import { damagedFile } from './finding.ts';
import type { PictureSizes } from './pictures.ts';

const END_OF_IMAGE = 0xd9;
const START_OF_SCAN = 0xda;
const EXIF = 0xe1;

interface Segment {
  marker: number;
  /** What is behind the marker and its length; empty for a marker that has none. */
  data: Buffer;
  /** The offset behind it. */
  end: number;
}

export function jpegSize(bytes: Bytes): PictureSizes {
  let size: { width: number; height: number } | undefined;
  let turned = false;
  for (const { marker, data, end } of segments(bytes)) {
    if (marker === END_OF_IMAGE) return whole(size, turned, end);
    if (isFrame(marker)) size ??= sizeIn(data);
    if (marker === EXIF) turned ||= isTurned(data);
  }
  throw tooEarly();
}

function* segments(bytes: Bytes): Generator<Segment> {
  for (let at = 2; ; ) {
    const segment = segmentAt(bytes, at);
    yield segment;
    at = segment.marker === START_OF_SCAN ? endOfScan(bytes, segment.end) : segment.end;
  }
}

function segmentAt(bytes: Bytes, at: number): Segment {
  const { marker, next } = markerAt(bytes, at);
  if (isAlone(marker) || marker === END_OF_IMAGE) return { marker, data: Buffer.alloc(0), end: next };
  const head = bytes.at(next, 2);
  const length = head.length < 2 ? 0 : head.readUInt16BE();
  const end = next + length;
  if (length < 2 || end > bytes.size) throw tooEarly();
  return { marker, data: bytes.at(next + 2, length - 2), end };
}

const tooEarly = () => damagedFile('the picture ends too early');

function whole(size: { width: number; height: number } | undefined, turned: boolean, end: number): PictureSizes {
  if (!size) throw damagedFile('the picture does not say its size');
  const { width, height } = size;
  return turned ? { width: height, height: width, frames: 1, end } : { width, height, frames: 1, end };
}

/** The marker at an offset, behind any number of fill bytes. */
function markerAt(bytes: Bytes, from: number): { marker: number; next: number } {
  let at = from;
  if (bytes.at(at, 1)[0] !== 0xff) throw at >= bytes.size ? tooEarly() : damagedFile('a part of the picture begins with no marker');
  while (bytes.at(at, 1)[0] === 0xff) at++;
  const [marker] = bytes.at(at, 1);
  if (marker === undefined) throw tooEarly();
  return { marker, next: at + 1 };
}

const isAlone = (marker: number) => marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8);
const isFrame = (marker: number) => marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;

function sizeIn(frame: Buffer): { width: number; height: number } {
  if (frame.length < 6) throw damagedFile('the picture does not say its size');
  return { height: frame.readUInt16BE(1), width: frame.readUInt16BE(3) };
}

/** The offset of the first marker behind the bytes of a scan, in which FF 00 is a byte and FF D0 to FF D7 are restarts. */
function endOfScan(bytes: Bytes, from: number): number {
  for (let at = bytes.find(0xff, from); at >= 0; at = bytes.find(0xff, at + 1)) {
    const [next] = bytes.at(at + 1, 1);
    if (next === undefined) break;
    if (next !== 0x00 && next !== 0xff && (next < 0xd0 || next > 0xd7)) return at;
  }
  throw tooEarly();
}

const ORIENTATION = 0x0112;

/** True where the camera lay on its side: width and height are then the other way round. A broken EXIF says nothing. */
function isTurned(segment: Buffer): boolean {
  if (segment.toString('latin1', 0, 6) !== 'Exif\0\0' || segment.length < 14) return false;
  const tiff = segment.subarray(6);
  const little = tiff.toString('latin1', 0, 2) === 'II';
  const u16 = (at: number) => (at + 2 > tiff.length ? 0 : little ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at));
  const directory = little ? tiff.readUInt32LE(4) : tiff.readUInt32BE(4);
  const entries = u16(directory);
  for (let index = 0; index < Math.min(entries, 200); index++) {
    const entry = directory + 2 + index * 12;
    if (u16(entry) === ORIENTATION) return u16(entry + 8) >= 5;
  }
  return false;
}
