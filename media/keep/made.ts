/** Whether a picture as it was uploaded is of no more use. */
import type { MediaState } from '../../write-side/deciders/media.ts';

/** True for a picture that was looked at to the end and has all of its sizes: nothing reads again what was uploaded of it. */
export function isMade({ status, sizes }: Pick<MediaState, 'status' | 'sizes'>): boolean {
  return (status === 'ready' || status === 'attached' || status === 'detached') && sizes.includes('full');
}
