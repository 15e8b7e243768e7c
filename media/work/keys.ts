/** The keys of a file's bytes in the store. */
import type { PictureSize } from '../../contracts/media.ts';

/** The key of a made size of a picture, or of the bytes as they were uploaded: `media/<id>/320`. */
export function keyOfMedia(id: string, size: PictureSize | 'original'): string {
  return `media/${id}/${size}`;
}
