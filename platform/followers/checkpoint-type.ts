/** A place in the log that can be recognised again. */
import type { Position } from '../../contracts/message.ts';

/** Where a follower is: the last event it has been past, and that event's id, to recognise a log that is not the one it followed. */
export interface Checkpoint {
  position: Position;
  /** Id of the event at `position`; empty at START. */
  eventId: string;
}

export const BEGINNING: Checkpoint = { position: '', eventId: '' };
