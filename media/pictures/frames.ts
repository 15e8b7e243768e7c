/** The bounds of pictures that move: asked of an upload before it is answered, and of the picture again before it is decoded. */
import { FileRefused } from '../file-refused.ts';
import { MOST_FRAMES, MOST_PIXELS_HELD, MOST_PIXELS_OF_FRAMES } from './limits.ts';

/** Refuses more than is made of a picture with several frames, of so many pixels each. Error: FileRefused. */
export function checkFrames(type: string, { frames, pixels }: { frames: number; pixels: number }): void {
  if (frames < 2) return;
  const most = MOST_PIXELS_OF_FRAMES[type];
  if (most === undefined)
    throw new FileRefused(
      'frames',
      'The picture moves, and as a PNG it would lose all of its frames but one. Save it as GIF or WebP, or upload a video.',
    );
  if (frames > MOST_FRAMES) throw new FileRefused('frames', `The picture has ${frames} frames; at most ${MOST_FRAMES} are taken. Upload a video.`);
  if (pixels > MOST_PIXELS_HELD)
    throw new FileRefused(
      'frames',
      `A frame of a picture that moves may have ${MOST_PIXELS_HELD / 1e6} million pixels. Make it smaller, or upload a video.`,
    );
  if (frames * pixels > most)
    throw new FileRefused(
      'frames',
      `The ${frames} frames of the picture have more than ${most / 1e6} million pixels together. Make it smaller or shorter, or upload a video.`,
    );
}
