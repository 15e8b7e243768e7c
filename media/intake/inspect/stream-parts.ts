/** Ogg and WebM: chains of pages and of elements, which recorders write while they record, and which end where the file does. */
import type { Bytes } from './bytes.ts';
import { damagedFile } from './finding.ts';

const TOO_EARLY = 'it ends too early';

const PAGE = { header: 27, flagsAt: 5, positionAt: 6, segmentsAt: 26 };
const LAST_PAGE = 4;

/**
 * Refuses an Ogg whose last page is not whole, or that has no sound behind its descriptions. That the last page says it is the last is not asked of it,
 * where its last packet is whole: recorders of phones do not say it. Error: FileRefused.
 */
export function checkOgg(bytes: Bytes): void {
  let last: OggPage | undefined;
  let hasSound = false;
  for (let at = 0; at < bytes.size; at += last.length) {
    last = pageAt(bytes, at);
    hasSound ||= last.position > 0n;
  }
  if (!hasSound || !last?.isEnd) throw damagedFile(TOO_EARLY);
}

interface OggPage {
  length: number;
  /** The samples until its end; -1 where no packet ends in it. */
  position: bigint;
  /** True where the file may end with it. */
  isEnd: boolean;
}

function pageAt(bytes: Bytes, at: number): OggPage {
  const head = whole(bytes, at, PAGE.header);
  if (head.toString('latin1', 0, 5) !== 'OggS\0') throw damagedFile('a page of it begins with no mark');
  const segments = whole(bytes, at + PAGE.header, head.readUInt8(PAGE.segmentsAt));
  const length = PAGE.header + segments.length + segments.reduce((sum, one) => sum + one, 0);
  if (at + length > bytes.size) throw damagedFile(TOO_EARLY);
  const isLast = (head.readUInt8(PAGE.flagsAt) & LAST_PAGE) !== 0;
  return { length, position: head.readBigInt64LE(PAGE.positionAt), isEnd: isLast || (segments.at(-1) ?? 255) < 255 };
}

/** Bytes that must be there. */
function whole(bytes: Bytes, at: number, length: number): Buffer {
  const found = bytes.at(at, length);
  if (found.length < length) throw damagedFile(TOO_EARLY);
  return found;
}

const SEGMENT = 0x18538067;
const CLUSTER = 0x1f43b675;
/** Elements whose length live recorders leave open, because they cannot go back to write it: what is in them follows. */
const OPEN = [SEGMENT, CLUSTER];

/** Refuses a WebM that ends in the middle of an element, or has neither sound nor pictures. Error: FileRefused. */
export function checkWebm(bytes: Bytes): void {
  let hasCluster = false;
  for (let at = 0; at < bytes.size; ) {
    const { id, from, end } = elementAt(bytes, at);
    if (end > bytes.size) throw damagedFile(TOO_EARLY);
    hasCluster ||= id === CLUSTER;
    // Into the segment, and over whatever is in it.
    at = id === SEGMENT ? from : end;
  }
  if (!hasCluster) throw damagedFile(TOO_EARLY);
}

/** An element: its name, where its content begins, and where that ends; at its beginning where that is left open. */
function elementAt(bytes: Bytes, at: number): { id: number; from: number; end: number } {
  const name = numberAt(bytes, at, 4);
  const length = numberAt(bytes, at + name.bytes, 8);
  const from = at + name.bytes + length.bytes;
  if (length.isOpen && !OPEN.includes(name.all)) throw damagedFile('a part of it does not say how long it is');
  return { id: name.all, from, end: length.isOpen ? from : from + length.value };
}

/** A number of EBML: the zeros before its first bit say how many bytes it has; all bits set say that it is left open. */
function numberAt(bytes: Bytes, at: number, most: number): { bytes: number; all: number; value: number; isOpen: boolean } {
  const [first] = bytes.at(at, 1);
  if (first === undefined) throw damagedFile(TOO_EARLY);
  const count = Math.clz32(first) - 23;
  if (count > most) throw damagedFile('a part of it has no name or length');
  const all = whole(bytes, at, count).reduce((number, byte) => number * 256 + byte, 0);
  const mark = 2 ** (7 * count);
  return { bytes: count, all, value: all - mark, isOpen: all === 2 * mark - 1 };
}
