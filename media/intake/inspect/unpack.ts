/** Unpacks the parts of a ZIP, to see whether their sizes are what its directory says. Nothing is kept of them but their first bytes. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createInflateRaw, inflateRawSync } from 'node:zlib';
import { FileRefused } from '../../file-refused.ts';
import type { Bytes } from './bytes.ts';
import { damagedFile } from './finding.ts';
import { entryStart, type ZipEntry } from './zip.ts';

/** Bytes of a part that are told. */
const BEGINNING = 8;
/** Bytes that are unpacked at once. */
const STEP = 64 * 1024;
/** A part of at most so many bytes is unpacked in one go: an office file has thousands of such. */
const SMALL = 256 * 1024;

/** The first bytes of a part, of which all were unpacked. Error: FileRefused where it has other than so many bytes as the directory says, at the first too many. */
export async function firstBytesOf(bytes: Bytes, entry: ZipEntry): Promise<Buffer> {
  const from = entryStart(bytes, entry);
  if (entry.method === 0) return bytes.at(from, Math.min(BEGINNING, entry.packed));
  if (entry.method !== 8)
    throw new FileRefused('archive', 'A part of the file is packed in a way that is not read here. Save it again, and upload that.');
  try {
    return Math.max(entry.packed, entry.unpacked) <= SMALL ? atOnce(bytes, entry, from) : await inPieces(bytes, entry, from);
  } catch (error) {
    if (error instanceof FileRefused) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw anotherSize();
    throw damagedFile('a part cannot be read');
  }
}

const anotherSize = () =>
  new FileRefused('archive', 'A part of the file unpacks to another size than is said of it. Save it again, and upload that.');

function atOnce(bytes: Bytes, { packed, unpacked }: ZipEntry, from: number): Buffer {
  const all = inflateRawSync(bytes.at(from, packed), { maxOutputLength: unpacked + 1 });
  if (all.length !== unpacked) throw anotherSize();
  return all.subarray(0, BEGINNING);
}

async function inPieces(bytes: Bytes, { packed, unpacked }: ZipEntry, from: number): Promise<Buffer> {
  let beginning: Buffer = Buffer.alloc(0);
  let length = 0;
  const unpacking = createInflateRaw({ chunkSize: STEP });
  await pipeline(Readable.from(pieces(bytes, from, packed)), unpacking, async (all: AsyncIterable<Buffer>) => {
    for await (const piece of all) {
      length += piece.length;
      if (length > unpacked) throw anotherSize();
      if (beginning.length < BEGINNING) beginning = Buffer.concat([beginning, piece.subarray(0, BEGINNING)]).subarray(0, BEGINNING);
    }
  });
  if (length !== unpacked) throw anotherSize();
  return beginning;
}

function* pieces(bytes: Bytes, from: number, length: number): Generator<Buffer> {
  for (let at = from; at < from + length; at += STEP) yield bytes.at(at, Math.min(STEP, from + length - at));
}
