/** A place in the log that can be recognised again. */
import type { Position } from '../../contracts/message.ts';

/** The place of a follower: the last event that it is past, with that event's id, by which a foreign log is recognised. */
export interface Checkpoint {
  position: Position;
  /** Id of the event at `position`; empty at START. */
  eventId: string;
}

export const BEGINNING: Checkpoint = { position: '', eventId: '' };
