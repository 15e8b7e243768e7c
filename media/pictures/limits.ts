/** The limits of pictures: what is decoded at all, and what one picture may cost. An upload is refused by the same, before it is answered. */

/** The media types of the pictures that can be decoded, with the most pixels of each in one frame. */
export const MOST_PIXELS: Readonly<Record<string, number>> = {
  'image/jpeg': 50_000_000,
  'image/png': 25_000_000,
  'image/webp': 25_000_000,
  'image/gif': 25_000_000,
};

/** True for the media type of a picture that is made in several sizes; any other file is served as it came. */
export function hasSizes(type: string): boolean {
  return Object.hasOwn(MOST_PIXELS, type);
}

/** The most frames of an animation. */
export const MOST_FRAMES = 200;

/** The most pixels of all frames of an animation together, by media type: libwebp holds them all at once, and GIF takes long. */
export const MOST_PIXELS_OF_FRAMES: Readonly<Record<string, number>> = { 'image/gif': 60_000_000, 'image/webp': 45_000_000 };

/** The most pixels of a frame that are written as WebP or GIF: their encoders need up to 23 bytes of memory for each. */
export const MOST_PIXELS_HELD = 8_000_000;

/** Bytes of memory that the process of a picture may have. */
export const MOST_MEMORY = 300_000_000;

/** Milliseconds of computing that one size of a picture may take. */
export const MOST_COMPUTING = 30_000;

/**
 * Milliseconds by the clock on the wall that one size of a picture may take. Much more than of computing: its process is the last to get a busy
 * machine's processors, and a good picture must not be refused for that.
 */
export const MOST_TIME = 4 * MOST_COMPUTING;

/** Milliseconds without a picture after which its process ends. */
export const IDLE = 30_000;
