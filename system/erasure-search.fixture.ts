/**
 * Looks for a person's texts in every file below some folders, however a store may have written them. It reads bytes and knows nothing of formats: what is
 * compressed or encrypted there is not found. So a Redis is told `CONFIG SET rdbcompression no` before its `SAVE`, and is searched afterwards.
 * Texts of fewer than six signs are met by chance.
 *
 *     expect(await searchFiles([dataDir, redisFolder], ['anna@example.org', 'Water the ferns'])).toEqual([]);
 */
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** A text that is in a file: the place of its first byte that was found there, and the way in which it is written. In the name of a file or folder, -1. */
export interface FoundText {
  file: string;
  offset: number;
  text: string;
  as: string;
}

/** The bytes of a text in one way of writing it. */
interface Needle {
  text: string;
  as: string;
  bytes: Buffer;
}

/** Bytes read at once. */
const CHUNK = 4 * 1024 * 1024;
/**
 * Signs from which on a text is looked for by its halves: where a store puts it over two pages, with something of its own between, one of the two is whole.
 */
const HALVED = 16;

/** The texts that are found, each at its first place of each way of writing it in each file. Files that go away meanwhile are left out. */
export async function searchFiles(folders: readonly string[], texts: readonly string[], chunk = CHUNK): Promise<FoundText[]> {
  const needles = texts.flatMap(needlesOf);
  const found: FoundText[] = [];
  for (const folder of folders) {
    for await (const { path, isFile } of everythingIn(folder)) {
      found.push(...inName(path.slice(folder.length), path, needles));
      if (isFile) found.push(...(await inFile(path, needles, chunk)));
    }
  }
  return found;
}

function inName(name: string, file: string, needles: readonly Needle[]): FoundText[] {
  return needles.filter(({ bytes }) => Buffer.from(name).includes(bytes)).map(({ text, as }) => ({ file, offset: -1, text, as }));
}

async function inFile(file: string, needles: readonly Needle[], chunk: number): Promise<FoundText[]> {
  const found = new Map<Needle, FoundText>();
  const overlap = Math.max(0, ...needles.map(({ bytes }) => bytes.length)) - 1;
  for await (const { bytes, offset } of piecesOf(file, chunk, overlap)) {
    for (const needle of needles) {
      const at = found.has(needle) ? -1 : bytes.indexOf(needle.bytes);
      if (at >= 0) found.set(needle, { file, offset: offset + at, text: needle.text, as: needle.as });
    }
  }
  return [...found.values()];
}

/** The pieces of a file, each of which begins with the last bytes of the one before. */
async function* piecesOf(file: string, chunk: number, overlap: number): AsyncGenerator<{ bytes: Buffer; offset: number }> {
  const handle = await open(file, 'r').catch(ifGone);
  if (!handle) return;
  try {
    const size = chunk + Math.max(overlap, 0);
    for (let offset = 0; ; offset += chunk) {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(size), 0, size, offset);
      yield { bytes: buffer.subarray(0, bytesRead), offset };
      if (bytesRead < size) return;
    }
  } finally {
    await handle.close();
  }
}

async function* everythingIn(folder: string): AsyncGenerator<{ path: string; isFile: boolean }> {
  for (const entry of (await readdir(folder, { withFileTypes: true }).catch(ifGone)) ?? []) {
    const path = join(folder, entry.name);
    yield { path, isFile: entry.isFile() };
    if (entry.isDirectory()) yield* everythingIn(path);
  }
}

function ifGone(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined;
  throw error;
}

function needlesOf(text: string): Needle[] {
  const ways = new Map<string, Needle>();
  for (const spelled of new Set([text, text.toLowerCase(), text.normalize('NFKC').toLowerCase()])) {
    for (const part of partsOf(spelled)) {
      for (const [as, bytes] of writtenWays(part)) {
        const key = bytes.toString('latin1');
        if (!ways.has(key)) ways.set(key, { text, as, bytes });
      }
    }
  }
  return [...ways.values()];
}

function partsOf(text: string): string[] {
  const signs = [...text];
  if (signs.length < HALVED) return [text];
  const middle = Math.floor(signs.length / 2);
  return [signs.slice(0, middle).join(''), signs.slice(middle).join('')];
}

function* writtenWays(text: string): Generator<[as: string, bytes: Buffer]> {
  const bytes = Buffer.from(text);
  yield ['UTF-8', bytes];
  yield ['UTF-16LE', Buffer.from(text, 'utf16le')];
  yield ['UTF-16BE', Buffer.from(text, 'utf16le').swap16()];
  yield ['JSON', Buffer.from(JSON.stringify(text).slice(1, -1))];
  yield [
    'JSON of ASCII alone',
    Buffer.from(
      JSON.stringify(text)
        .slice(1, -1)
        .replace(/[^\0-\x7f]/g, escapedUnit),
    ),
  ];
  yield ['HTML', Buffer.from(text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`))];
  yield ['percent signs', Buffer.from(encodeURIComponent(text))];
  yield ['hexadecimal', Buffer.from(bytes.toString('hex'))];
  for (let before = 0; before < 3; before++) yield* inBase64(bytes, before);
}

function escapedUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** The middle of a text in base64 that has so many bytes before it: signs at both ends stand for bytes of others, too. */
function* inBase64(bytes: Buffer, before: number): Generator<[as: string, bytes: Buffer]> {
  const whole = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64url');
  const first = Math.ceil((before * 8) / 6);
  const middle = whole.slice(first, Math.floor(((before + bytes.length) * 8) / 6));
  yield ['base64url', Buffer.from(middle)];
  yield ['base64', Buffer.from(middle.replaceAll('-', '+').replaceAll('_', '/'))];
}
