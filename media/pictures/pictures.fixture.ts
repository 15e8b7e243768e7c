/** Pictures for tests, made by sharp itself, and an empty folder for what is made of them. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';

/** A folder that is removed after its test. */
export async function pictureFolder(): Promise<{ folder: string; path(name: string): string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'pictures-'));
  return { folder, path: (name) => join(folder, name), remove: () => rm(folder, { recursive: true, force: true }) };
}

/** A picture whose left half is red and whose right half is blue, so that one sees how it was turned. */
export function halves(width: number, height: number): Sharp {
  const half = { width: Math.floor(width / 2), height, channels: 3 as const, background: '#0000ff' };
  return sharp({ create: { width, height, channels: 3, background: '#ff0000' } }).composite([{ input: { create: half }, gravity: 'east' }]);
}

/** Moving pictures of one colour a frame, as a pipeline that is written as GIF or WebP. */
export async function moving(colours: readonly string[], width: number, height: number): Promise<Sharp> {
  const frame = (background: string) =>
    sharp({ create: { width, height, channels: 3, background } })
      .png({ compressionLevel: 1 })
      .toBuffer();
  return sharp(await Promise.all(colours.map(frame)), { join: { animated: true } });
}

/** What a phone writes: turned by EXIF, with the place where it was taken. */
export function asOfPhone(image: Sharp): Sharp {
  return image
    .withMetadata({ orientation: 6 })
    .withExifMerge({ IFD0: { Make: 'Phone' }, IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '51/1 30/1 0/1' } });
}

/** The process's highest memory in bytes, as Linux counts it. */
export async function peakMemory(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1_024;
}

/** Writes the beginning of a file, as of an upload that broke off. */
export async function truncate(path: string, to: string, share: number): Promise<void> {
  const bytes = await readFile(path);
  await writeFile(to, bytes.subarray(0, Math.floor(bytes.length * share)));
}

function chunk(name: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}

/** A PNG of one colour with any dimensions in its header; only as many of its lines as `lines` says are there. */
export function flatPng(width: number, height: number, lines = height): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([1, 0], 8);
  const pixels = deflateSync(Buffer.alloc((Math.ceil(width / 8) + 1) * lines), { level: 9 });
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))]);
}
