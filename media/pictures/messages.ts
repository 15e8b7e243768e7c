/** The messages between a process that wants pictures and the child that makes them, over the channel that Node gives to a forked child. */
import type { PictureSize } from '../../contracts/media.ts';
import type { NotTaken } from '../file-refused.ts';

/** A picture to make sizes of. */
export interface PictureJob {
  /** The local file. */
  path: string;
  /** The media type, as it was found from the content. */
  type: string;
  /** An empty folder for the files that are made. */
  folder: string;
  /** The sizes that are there already. */
  without: readonly PictureSize[];
}

/** A size of a picture that was made, in a local file. */
export interface MadePicture {
  size: PictureSize;
  path: string;
  type: string;
  width: number;
  height: number;
  bytes: number;
}

/** A limit that ends the child: the picture needs more memory, or more computing, than it may have. */
export type PictureLimit = 'memory' | 'computing';

/** A message of the child. After `done`, `refused` or `failed` it takes the next picture; after `limit` it ends. */
export type FromPictureChild = { made: MadePicture } | { done: true } | { refused: NotTaken } | { failed: string } | { limit: PictureLimit };
