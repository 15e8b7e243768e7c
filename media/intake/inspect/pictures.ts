/** Pictures by their structure: size, number of frames and whether they are whole, without decoding a pixel. */

import { FileRefused } from '../../file-refused.ts';
import { checkFrames } from '../../pictures/frames.ts';
import { MOST_PIXELS } from '../../pictures/limits.ts';
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

/** A WebP has no longer edge, and what is served is one. */
const LONGEST_EDGE = 16_383;

const READERS: Readonly<Record<string, (bytes: Bytes) => PictureSizes>> = {
  'image/jpeg': jpegSize,
  'image/png': pngSize,
  'image/gif': gifSize,
  'image/webp': webpSize,
};

/** The sizes of a picture of this type within the bounds of what makes its thumbnails; undefined for what is no picture. Error: FileRefused. */
export function pictureSizes(bytes: Bytes, type: string): PictureSizes | undefined {
  const sizes = READERS[type]?.(bytes);
  if (!sizes) return undefined;
  const { width, height, frames } = sizes;
  const pixels = width * height;
  const most = MOST_PIXELS[type] ?? 0;
  if (pixels === 0) throw damagedFile('the picture has no pixels');
  if (pixels > most) throw tooLarge(`The picture has ${inMega(pixels)} megapixels; at most ${inMega(most)} are taken`);
  if (Math.max(width, height) > LONGEST_EDGE)
    throw tooLarge(`The picture is ${width} × ${height}; no edge may have more than ${LONGEST_EDGE} pixels`);
  checkFrames(type, { frames, pixels });
  return sizes;
}

function tooLarge(what: string): FileRefused {
  return new FileRefused('dimensions', `${what}. Make it smaller, and upload that.`);
}

function inMega(pixels: number): string {
  return String(Math.ceil(pixels / 100_000) / 10);
}
