/** Makes the sizes of one picture. It loads sharp, and so is imported by the child alone. */
import { open as openFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import sharp, { type Metadata, type Sharp, type SharpOptions } from 'sharp';
import type { PictureSize } from '../../contracts/media.ts';
import { FileRefused } from '../file-refused.ts';
import { checkFrames } from './frames.ts';
import { MOST_MEMORY, MOST_PIXELS, MOST_PIXELS_HELD, MOST_PIXELS_OF_FRAMES } from './limits.ts';
import type { MadePicture, PictureJob } from './messages.ts';
import { tooMuchMemory } from './refused.ts';

/** The only decoders that a file reaches. Each is fed by a path, never by a name in the picture. */
const LOADERS = ['VipsForeignLoadJpegFile', 'VipsForeignLoadPngFile', 'VipsForeignLoadWebpFile', 'VipsForeignLoadNsgifFile'];

/** Sets libvips up for hostile pictures, once in a process: four decoders, one thread, nothing kept. */
export function guardDecoders(): void {
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({ operation: LOADERS });
  sharp.cache(false);
  sharp.concurrency(1);
}

/** A picture whose header was read. */
interface Opened {
  job: PictureJob;
  options: SharpOptions;
  header: Metadata;
  frames: number;
}

/** Makes the sizes that are missing, the smallest first, and tells each. Errors: FileRefused; any other where this machine could not do it now. */
export async function renderPicture(job: PictureJob, tell: (made: MadePicture) => void): Promise<void> {
  const opened = await open(job);
  for (const size of sizesOf(opened.header)) {
    if (!job.without.includes(size)) tell(await make(opened, size));
  }
}

/** The sizes that make sense: none is enlarged, and the smallest and the full one are always there. */
function sizesOf({ width, height }: Metadata): PictureSize[] {
  const longest = Math.max(width, height);
  return ['320', ...(longest > 320 ? (['1024'] as const) : []), ...(longest > 1024 ? (['2048'] as const) : []), 'full'];
}

async function open(job: PictureJob): Promise<Opened> {
  const most = MOST_PIXELS[job.type];
  if (most === undefined) throw new FileRefused('type', 'This kind of picture cannot be read here. Upload it as JPEG, PNG, WebP or GIF.');
  const options: SharpOptions = { failOn: 'error', limitInputPixels: most, sequentialRead: true };
  const header = await sharp(job.path, options).metadata().catch(refuse);
  if (`image/${header.format}` !== job.type) throw new FileRefused('type', `It is not what it says: its content is no ${job.type}.`);
  const frames = header.pages ?? 1;
  checkFrames(job.type, { frames, pixels: header.width * header.height });
  if (heldBytes(header) > MOST_MEMORY - BESIDES || (await isTooLongWithoutLoss(job, header))) throw tooMuchMemory();
  return { job, options, header, frames };
}

/** Bytes of memory that a process has before it decodes anything, and what encoders need. */
const BESIDES = 115_000_000;
/** Samples of a pixel in the planes of a JPEG, by how it keeps its colours. */
const SAMPLES: Readonly<Record<string, number>> = { '4:4:4': 3, '4:2:2': 2, '4:2:0': 1.5 };

/** Bytes that a decoder holds before the first line can be seen: all of what is not in the order of its lines. */
function heldBytes(header: Metadata): number {
  const { isProgressive, format, chromaSubsampling = '', width, height, channels } = header;
  if (!isProgressive) return 0;
  // A progressive JPEG is held as coefficients of 16 bits, an interlaced PNG as pixels.
  const perPixel = format === 'jpeg' ? 2 * (SAMPLES[chromaSubsampling] ?? channels) : pixelBytes(header);
  return width * height * perPixel;
}

/** A WebP without loss is held twice, beside its file. */
async function isTooLongWithoutLoss({ path }: PictureJob, { format, width, height }: Metadata): Promise<boolean> {
  if (format !== 'webp') return false;
  await using file = await openFile(path);
  const { buffer } = await file.read({ buffer: Buffer.alloc(HEAD) });
  const { size } = await file.stat();
  return buffer.includes('VP8L') && 8 * width * height + size > MOST_MEMORY - BESIDES;
}
/** Bytes in which the name of the first frame's format stands, unless a profile comes before it. */
const HEAD = 64;

function pixelBytes({ channels, depth }: Metadata): number {
  return channels * (depth === 'ushort' ? 2 : 1);
}

async function make(opened: Opened, size: PictureSize): Promise<MadePicture> {
  const { job } = opened;
  const path = join(job.folder, size);
  const { image, type } = size === 'full' ? await atFullSize(opened) : { image: thumbnail(opened, Number(size)), type: 'image/webp' };
  const { width, height, pageHeight } = await image.toFile(path).catch(refuse);
  const { size: bytes } = await stat(path);
  return { size, path, type, width, height: pageHeight ?? height, bytes };
}

/** The first frame, at most so many pixels on its longest edge. */
function thumbnail({ job, options }: Opened, edge: number): Sharp {
  return sharp(job.path, options)
    .autoOrient()
    .resize({ width: edge, height: edge, fit: 'inside', withoutEnlargement: true })
    .webp({ quality: 80, effort: 3 });
}

/** All pixels and frames, encoded anew in the same format, upright, without what stood beside the pixels. */
async function atFullSize(opened: Opened): Promise<{ image: Sharp; type: string }> {
  const { job, options, header, frames } = opened;
  if (frames === 1) return encoded(sharp(await turnable(opened), options).autoOrient(), header);
  const moving = { ...options, animated: true, limitInputPixels: MOST_PIXELS_OF_FRAMES[job.type] ?? 0 };
  return encoded(sharp(job.path, moving), header);
}

/**
 * The path of the picture in a form that can be turned in bounded memory. Turning holds all pixels. Where that and what the decoder holds are too much
 * together, the latter is given up before, by way of a file without loss.
 */
async function turnable({ job, options, header }: Opened): Promise<string> {
  const { orientation = 1, width, height } = header;
  const held = heldBytes(header);
  const turned = orientation === 1 ? 0 : width * height * pixelBytes(header);
  if (turned > MOST_MEMORY - BESIDES) throw tooMuchMemory();
  if (held === 0 || held + turned <= MOST_MEMORY - BESIDES) return job.path;
  const path = join(job.folder, 'flat');
  await sharp(job.path, options).withMetadata({ orientation }).png({ compressionLevel: 0 }).toFile(path).catch(refuse);
  return path;
}

/** Each format in its own, but for a still picture that is too large to be written as WebP or GIF. */
function encoded(image: Sharp, { format, width, height, hasAlpha }: Metadata): { image: Sharp; type: string } {
  const isSmall = width * height <= MOST_PIXELS_HELD;
  if (format === 'gif' && isSmall) return { image: image.gif({ effort: 1 }), type: 'image/gif' };
  if (format === 'webp' && isSmall) return { image: image.webp({ quality: 88, effort: 2 }), type: 'image/webp' };
  if (format === 'png' || format === 'gif' || hasAlpha) return { image: image.png({ compressionLevel: 6 }), type: 'image/png' };
  // To find the best codes for a JPEG, its encoder would hold all of its coefficients.
  return { image: image.jpeg({ quality: 88, optimiseCoding: false }), type: 'image/jpeg' };
}

/** Tells a picture that cannot be decoded from a machine that cannot write; libvips has only words for either. */
function refuse(error: unknown): never {
  const { message } = error as Error;
  if (/pixel limit|too large|dimensions/i.test(message))
    throw new FileRefused('dimensions', 'It has too many pixels. Save it smaller, and upload that.');
  if (/system error|unix error|file is missing/i.test(message)) throw error;
  throw new FileRefused('damaged', 'The picture cannot be decoded: save it again, and upload that.');
}
