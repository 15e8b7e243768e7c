/** ZIP files by their central directory, before anything is unpacked: what is in them, how large that says it is, and whether it can be true. */
import { inflateRawSync } from 'node:zlib';
import { FileRefused } from '../../file-refused.ts';
import type { Bytes } from './bytes.ts';
import { damagedFile } from './finding.ts';

export interface ZipEntry {
  name: string;
  packed: number;
  unpacked: number;
  /** 0: stored; 8: deflated. */
  method: number;
  encrypted: boolean;
  /** The offset of its local header. */
  offset: number;
}

const END = Buffer.from('PK\x05\x06', 'latin1');
const ENTRY = 0x02014b50;
const END_LENGTH = 22;
const LONGEST_COMMENT = 65_535;

const MOST_ENTRIES = 10_000;
const LONGEST_DIRECTORY = 16 * 1024 * 1024;
const MOST_UNPACKED = 512 * 1024 * 1024;
/** Text in office files packs well, but not like a bomb; small files may be all blanks. */
const MOST_RATIO = 200;
const ANY_RATIO_UP_TO = 32 * 1024 * 1024;

interface Directory {
  /** The offset of the record at the end. */
  at: number;
  entries: number;
  from: number;
  length: number;
}

/**
 * The directory of a ZIP that ends somewhere in the last 64 KiB, as readers look for it, wherever the file begins: also behind a picture or a PDF.
 * Undefined where there is none.
 */
export function zipDirectory(bytes: Bytes): Directory | undefined {
  const from = Math.max(0, bytes.size - END_LENGTH - LONGEST_COMMENT);
  const tail = bytes.at(from, bytes.size - from);
  for (let found = tail.lastIndexOf(END); found >= 0; found = found === 0 ? -1 : tail.lastIndexOf(END, found - 1)) {
    const directory = directoryAt(bytes, from + found);
    if (directory) return directory;
  }
  return undefined;
}

function directoryAt(bytes: Bytes, at: number): Directory | undefined {
  const record = bytes.at(at, END_LENGTH);
  if (record.length < END_LENGTH) return undefined;
  const entries = record.readUInt16LE(10);
  const length = record.readUInt32LE(12);
  const from = at - length;
  if (entries === 0) return { at, entries, from: at, length: 0 };
  const isThere = from >= 0 && bytes.at(from, 4).length === 4 && bytes.at(from, 4).readUInt32LE() === ENTRY;
  // ZIP64 has a record between, of whose files there are more than are taken anyway.
  const isLarge = length === 0xffffffff || entries === 0xffff || bytes.find(Buffer.from('PK\x06\x07', 'latin1'), Math.max(0, at - 20), at) >= 0;
  return isThere || isLarge ? { at, entries, from, length } : undefined;
}

/** The entries of a file that is a ZIP from its first byte to its last. Error: FileRefused, also for what would unpack to too much. */
export function zipEntries(bytes: Bytes): ZipEntry[] {
  const directory = zipDirectory(bytes);
  if (!directory) throw damagedFile('it ends too early');
  const { at, entries, from, length } = directory;
  if (entries > MOST_ENTRIES || length > LONGEST_DIRECTORY)
    throw new FileRefused('archive', `There are ${entries} parts in the file; at most ${MOST_ENTRIES} are taken.`);
  if (at + END_LENGTH + bytes.at(at, END_LENGTH).readUInt16LE(20) !== bytes.size) throw damagedFile('there is something behind its end');
  if (bytes.at(at, END_LENGTH).readUInt32LE(16) !== from) throw damagedFile('its list of parts is not where it says');
  const found = listed(bytes.at(from, length), entries);
  checkRoom(found, from);
  checkUnpacked(found, bytes.size);
  return found;
}

function listed(list: Buffer, count: number): ZipEntry[] {
  const entries: ZipEntry[] = [];
  let at = 0;
  for (let index = 0; index < count; index++) {
    if (at + 46 > list.length || list.readUInt32LE(at) !== ENTRY) throw damagedFile('its list of parts ends too early');
    const [name, extra, comment] = [list.readUInt16LE(at + 28), list.readUInt16LE(at + 30), list.readUInt16LE(at + 32)];
    entries.push({
      name: list.toString('utf8', at + 46, at + 46 + name),
      packed: list.readUInt32LE(at + 20),
      unpacked: list.readUInt32LE(at + 24),
      method: list.readUInt16LE(at + 10),
      encrypted: (list.readUInt16LE(at + 8) & 1) === 1,
      offset: list.readUInt32LE(at + 42),
    });
    at += 46 + name + extra + comment;
  }
  if (at !== list.length) throw damagedFile('its list of parts is longer than it says');
  return entries;
}

/** Parts that lie over each other are how a small file unpacks to a large one while each part looks honest. */
function checkRoom(entries: readonly ZipEntry[], end: number): void {
  const sorted = entries.toSorted((one, other) => one.offset - other.offset);
  for (const [index, { offset, packed }] of sorted.entries()) {
    if (offset + 30 + packed > (sorted[index + 1]?.offset ?? end)) throw new FileRefused('archive', 'Parts of the file lie over each other.');
  }
}

function checkUnpacked(entries: readonly ZipEntry[], size: number): void {
  const unpacked = entries.reduce((sum, one) => sum + one.unpacked, 0);
  if (unpacked > MOST_UNPACKED || (unpacked > ANY_RATIO_UP_TO && unpacked > size * MOST_RATIO))
    throw new FileRefused('archive', `The file would unpack to ${Math.ceil(unpacked / 2 ** 20)} MiB, which is too much for its size.`);
  if (entries.some(({ method, packed, unpacked: of }) => method === 0 && packed !== of)) throw damagedFile('a part has two sizes');
}

/** The offset of the bytes of a part. Error: FileRefused where it does not begin there as the directory says. */
export function entryStart(bytes: Bytes, { offset, method }: ZipEntry): number {
  const header = bytes.at(offset, 30);
  if (header.length < 30 || header.readUInt32LE() !== 0x04034b50) throw damagedFile('a part is not where it should be');
  if (header.readUInt16LE(8) !== method) throw damagedFile('a part is packed in another way than is said of it');
  return offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
}

/** The bytes of one small part. Error: FileRefused where it is larger than `most`. */
export function entryBytes(bytes: Bytes, entry: ZipEntry, most: number): Buffer {
  if (entry.packed > most) throw damagedFile('a part that must be small is large');
  const packed = bytes.at(entryStart(bytes, entry), entry.packed);
  if (entry.method === 0) return packed;
  try {
    return inflateRawSync(packed, { maxOutputLength: most });
  } catch {
    throw damagedFile('a part cannot be read');
  }
}
