/** The ways in which a picture is not made, beside the refusal of any file. */
import { FileRefused } from '../file-refused.ts';

/** The refusal of a picture that cannot be decoded in the memory that it may have. */
export function tooMuchMemory(): FileRefused {
  return new FileRefused('dimensions', 'It needs too much memory. Save it with fewer pixels, or as a plain JPEG that is not progressive.');
}

/** So many pictures wait that this one is not taken now. */
export class PicturesBusy extends Error {
  override readonly name = 'PicturesBusy';
}

/** A picture could not be made this time: its process died, took too long, or could not write. */
export class PictureFailed extends Error {
  override readonly name = 'PictureFailed';
}
