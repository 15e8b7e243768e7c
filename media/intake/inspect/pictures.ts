/** Pictures by their structure: size, number of frames and whether they are whole, without decoding a pixel. */

import { FileRefused } from '../../file-refused.ts';
import type { Bytes } from './bytes.ts';
import { damagedFile } from './finding.ts';
import { jpegSize } from './jpeg.ts';
import { gifSize, pngSize, webpSize } from './raster.ts';

/** The size of a picture as one looks at it, its frames, and where its own bytes end. */
export interface PictureSizes {
  width: number;
  height: number;
  frames: number;
  end: number;
}

const MEGA = 1_000_000;
/** A WebP has no longer edge, and what is served is one. */
const LONGEST_EDGE = 16_383;
const MOST_FRAMES = 200;
const MOST_PIXELS_OF_FRAMES = 200 * MEGA;

const READERS: Readonly<Record<string, { most: number; read: (bytes: Bytes) => PictureSizes }>> = {
  'image/jpeg': { most: 50 * MEGA, read: jpegSize },
  'image/png': { most: 25 * MEGA, read: pngSize },
  'image/gif': { most: 25 * MEGA, read: gifSize },
  'image/webp': { most: 25 * MEGA, read: webpSize },
};

/** The sizes of a picture of this type within the bounds; undefined for what is no picture. Error: FileRefused. */
export function pictureSizes(bytes: Bytes, type: string): PictureSizes | undefined {
  const reader = READERS[type];
  if (!reader) return undefined;
  const sizes = reader.read(bytes);
  const { width, height, frames } = sizes;
  const pixels = width * height;
  if (pixels === 0) throw damagedFile('the picture has no pixels');
  if (pixels > reader.most) throw tooLarge(`The picture has ${inMega(pixels)} megapixels; at most ${inMega(reader.most)} are taken`);
  if (Math.max(width, height) > LONGEST_EDGE)
    throw tooLarge(`The picture is ${width} × ${height}; no edge may have more than ${LONGEST_EDGE} pixels`);
  if (frames > MOST_FRAMES) throw new FileRefused('frames', `The picture has ${frames} frames; at most ${MOST_FRAMES} are taken. Upload a video.`);
  if (frames * pixels > MOST_PIXELS_OF_FRAMES)
    throw new FileRefused(
      'frames',
      `The frames of the picture have ${inMega(frames * pixels)} megapixels together; upload a smaller one, or a video.`,
    );
  return sizes;
}

function tooLarge(what: string): FileRefused {
  return new FileRefused('dimensions', `${what}. Make it smaller, and upload that.`);
}

function inMega(pixels: number): string {
  return String(Math.ceil(pixels / 100_000) / 10);
}
