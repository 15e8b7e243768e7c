/** The ways in which a picture is not made: refused for what it is, or not made now. */
import type { MediaRefusal } from '../../contracts/media.ts';

/** The picture is not taken; the message says in words what to do. */
export class PictureRefused extends Error {
  override readonly name = 'PictureRefused';
  readonly rule: MediaRefusal;
  constructor(rule: MediaRefusal, detail: string) {
    super(detail);
    this.rule = rule;
  }
}

/** The refusal of a picture that cannot be decoded in the memory that it may have. */
export function tooMuchMemory(): PictureRefused {
  return new PictureRefused('dimensions', 'It needs too much memory. Save it with fewer pixels, or as a plain JPEG that is not progressive.');
}

/** So many pictures wait that this one is not taken now. */
export class PicturesBusy extends Error {
  override readonly name = 'PicturesBusy';
}

/** A picture could not be made this time: its process died, took too long, or could not write. */
export class PictureFailed extends Error {
  override readonly name = 'PictureFailed';
}
