/** Audio and video: whether the parts that say how long they are lie within the file. What is in them is for browsers, which have sandboxes for it. */
import type { Bytes } from './bytes.ts';
import { damagedFile } from './finding.ts';
import { checkFlac, checkMp3 } from './sound-frames.ts';
import { checkOgg, checkWebm } from './stream-parts.ts';

const TOO_EARLY = 'it ends too early';
/** Boxes at the top of a file at most; a fragmented one has a pair for each few seconds. */
const MOST_BOXES = 100_000;

const STREAMS: Readonly<Record<string, (bytes: Bytes) => void>> = {
  'audio/flac': checkFlac,
  'audio/mpeg': checkMp3,
  'audio/ogg': checkOgg,
  'video/webm': checkWebm,
};

/** Refuses a file of this type that ends in the middle. Error: FileRefused. */
export function checkTypeOfParts(bytes: Bytes, type: string): void {
  if (/^(video\/(mp4|quicktime)|audio\/mp4)$/.test(type)) checkBoxes(bytes);
  STREAMS[type]?.(bytes);
  if (type === 'audio/wav' && 8 + (bytes.at(4, 4).readUInt32LE() & ~1) > bytes.size) throw damagedFile(TOO_EARLY);
}

/** ISO base media: a chain of boxes, of which `moov` says what is where. */
function checkBoxes(bytes: Bytes): void {
  let hasIndex = false;
  let at = 0;
  for (let count = 0; at < bytes.size; count++) {
    const { type, length } = boxAt(bytes, at);
    hasIndex ||= type === 'moov';
    at += length;
    if (count > MOST_BOXES) throw damagedFile('it has too many parts');
  }
  if (!hasIndex) throw damagedFile(TOO_EARLY);
}

function boxAt(bytes: Bytes, at: number): { type: string; length: number } {
  const head = bytes.at(at, 16);
  if (head.length < 8) throw damagedFile(TOO_EARLY);
  const type = head.toString('latin1', 4, 8);
  const length = lengthOf(head, bytes.size - at);
  if (length < 8 || at + length > bytes.size) throw damagedFile(TOO_EARLY);
  return { type, length };
}

/** The length of a box: 1 says that it follows in eight bytes, 0 that the box goes to the end. */
function lengthOf(head: Buffer, left: number): number {
  const length = head.readUInt32BE();
  if (length === 0) return left;
  if (length !== 1) return length;
  return head.length < 16 ? 0 : Number(head.readBigUInt64BE(8));
}
