/** The keys of a file's bytes in the store, and the folders in which they are looked at. */
import type { PictureSize } from '../../contracts/media.ts';
import type { Files } from '../../platform/files/files.ts';

/** The beginning of the names of the folders in which files are looked at; each look has one of its own, and leaves none. */
export const ATTEMPT_FOLDER = 'attempt-';

/** The key of a made size of a picture, or of the bytes as they were uploaded: `media/<id>/320`. */
export function keyOfMedia(id: string, size: PictureSize | 'original'): string {
  return `media/${id}/${size}`;
}

/**
 * The key of what a scanner looks at: the upload, or, where that was removed after a picture's last size was made (`isMade`), the full size, which is what
 * is given out. Errors: those of the store.
 */
export async function keyToLookAt(files: Pick<Files, 'stat'>, id: string, isMade: boolean): Promise<string> {
  const original = keyOfMedia(id, 'original');
  return isMade && !(await files.stat(original)) ? keyOfMedia(id, 'full') : original;
}
