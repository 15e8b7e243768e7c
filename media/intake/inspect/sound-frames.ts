/** FLAC and MP3: sound in frames, of which the first ones are where and what they should be. */
import type { Bytes } from './bytes.ts';
import { damagedFile } from './finding.ts';

const TOO_EARLY = 'it ends too early';

/** The offset behind the tags that programs for music put before any sound. */
function behindTags(bytes: Bytes): number {
  let at = 0;
  for (let head = bytes.at(at, 10); head.toString('latin1', 0, 3) === 'ID3' && head.length === 10; head = bytes.at(at, 10)) {
    const [, , , , , , a = 0, b = 0, c = 0, d = 0] = head;
    at += 10 + (((a & 0x7f) << 21) | ((b & 0x7f) << 14) | ((c & 0x7f) << 7) | (d & 0x7f));
  }
  return at;
}

const STREAM_INFO = { type: 0, length: 34 };

/** Refuses a FLAC whose description is not whole, or has no frame behind it. Error: FileRefused. */
export function checkFlac(bytes: Bytes): void {
  const from = behindTags(bytes) + 4;
  const info = bytes.at(from, 4);
  if (info.length < 4 || ((info[0] ?? 0) & 0x7f) !== STREAM_INFO.type || info.readUIntBE(1, 3) !== STREAM_INFO.length)
    throw damagedFile('it does not begin with what it says of its sound');
  const frame = bytes.at(behindBlocks(bytes, from), 2);
  if (frame.length < 2 || (frame.readUInt16BE() & 0xfffe) !== 0xfff8) throw damagedFile(TOO_EARLY);
}

/** The offset behind the blocks before the sound, of which the last says so. */
function behindBlocks(bytes: Bytes, from: number): number {
  for (let at = from; ; ) {
    const head = bytes.at(at, 4);
    if (head.length < 4) throw damagedFile(TOO_EARLY);
    at += 4 + head.readUIntBE(1, 3);
    if ((head[0] ?? 0) & 0x80) return at;
  }
}

/** Bytes in which two frames in a row must begin: players, too, look for the first a while. */
const FIRST_FRAME_WITHIN = 64 * 1024;

/** Refuses an MP3 without two whole frames in a row. Error: FileRefused. */
export function checkMp3(bytes: Bytes): void {
  const from = behindTags(bytes);
  const until = from + FIRST_FRAME_WITHIN;
  for (let at = bytes.find(0xff, from, until); at >= 0; at = bytes.find(0xff, at + 1, until)) {
    if (areTwoFrames(bytes, at)) return;
  }
  throw damagedFile('there is no sound in it, or it ends too early');
}

function areTwoFrames(bytes: Bytes, at: number): boolean {
  const one = frameAt(bytes, at);
  const other = one && frameAt(bytes, at + one.length);
  return other !== undefined && other.kind === one?.kind && at + one.length + other.length <= bytes.size;
}

/** Thousands of bits a second by the number in the header: of MPEG 1 in its layers, and of MPEG 2 in the first and the others. */
const RATES: Readonly<Record<string, readonly number[]>> = {
  '1-1': [32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
  '1-2': [32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
  '1-3': [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  '2-1': [32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
  '2-2': [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
  '2-3': [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
};
/** Samples a second of MPEG 1; the later ones have a half and a quarter. */
const SAMPLES = [44_100, 48_000, 32_000];
/** How many times as slow the samples of a version are, by its number in the header; 1 is of none. */
const SLOWER: Readonly<Record<number, number>> = { 3: 1, 2: 2, 0: 4 };

/** The length of a frame, and what all frames of a file have in common; undefined where none begins. */
function frameAt(bytes: Bytes, at: number): { length: number; kind: number } | undefined {
  const head = bytes.at(at, 4);
  const bits = head.length < 4 ? 0 : head.readUInt32BE();
  const slower = SLOWER[(bits >>> 19) & 3];
  const layer = 4 - ((bits >>> 17) & 3);
  const rate = RATES[`${slower === 1 ? 1 : 2}-${layer}`]?.[((bits >>> 12) & 15) - 1];
  const samples = SAMPLES[(bits >>> 10) & 3];
  if (bits >>> 21 !== 0x7ff || slower === undefined || rate === undefined || samples === undefined) return undefined;
  const padding = (bits >>> 9) & 1;
  return { length: frameLength(layer, { bits: 1_000 * rate, samples: samples / slower, slower, padding }), kind: (bits & 0x1e0c00) >>> 0 };
}

function frameLength(layer: number, of: { bits: number; samples: number; slower: number; padding: number }): number {
  if (layer === 1) return 4 * (Math.floor((12 * of.bits) / of.samples) + of.padding);
  const each = layer === 3 && of.slower > 1 ? 72 : 144;
  return Math.floor((each * of.bits) / of.samples) + of.padding;
}
