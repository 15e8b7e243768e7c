/** Whether a picture as it was uploaded is of no more use. */
import { isReady, type MediaState } from '../../write-side/deciders/media.ts';

/** True for a picture that was looked at to the end and has all of its sizes: nothing reads again what was uploaded of it. */
export function isMade(state: Pick<MediaState, 'status' | 'sizes'>): boolean {
  return isReady(state) && state.sizes.includes('full');
}
