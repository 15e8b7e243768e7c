/**
 * Streams that were parked for an event which the release of then did not know (invariant 17), and the release of now does: whoever becomes the
 * active follower works them off, in the order of the log, and no operator is asked.
 *
 *     await releaseKnown(parking, { decision, record, log });
 */
import { isKnownShape, UnknownEvent } from '../../contracts/catalog.ts';
import type { RecordedEvent } from '../../contracts/message.ts';
import { BeginningGone } from '../event-store/beginning.ts';
import type { Parked, Parking } from './parking.ts';

export interface Releasing<Decided> {
  /** Reads what an event needs. The returned function decides without I/O; it throws where the event cannot be decided. */
  decision(event: RecordedEvent): Promise<() => Decided>;
  /** Records what was decided; where it is recorded already, changes nothing. Errors: those of recording, and what `isUndecidable` is true of. */
  record(event: RecordedEvent, decided: Decided): Promise<void>;
  log: { info(data: object, message: string): void; error(data: object, message: string): void };
}

/**
 * Releases these streams. One that still cannot be decided on stays parked, and is logged. Rejects with the errors of reading and recording: the
 * follower is then to begin again.
 */
export async function releaseKnown<Decided>(parking: Parking, { decision, record, log }: Releasing<Decided>): Promise<void> {
  for (const { stream } of parking.list().filter(isKnownNow).toSorted(byPosition)) {
    let undecidable: unknown;
    const decided = (decide: () => Decided): Decided => {
      try {
        return decide();
      } catch (error) {
        undecidable = error;
        throw error;
      }
    };
    try {
      await parking.release(stream, async (event) => record(event, decided(await decision(event))));
      log.info({ stream }, 'a stream that waited for a newer release was worked off');
    } catch (error) {
      if (error !== undecidable && !isUndecidable(error)) throw error;
      log.error({ stream, err: error }, 'a stream that waited for a newer release cannot be worked off');
    }
  }
}

/** True for what no repeat changes: an event that this release does not know stands in the way, or one that an operator took away. */
export function isUndecidable(error: unknown): error is Error {
  return error instanceof UnknownEvent || error instanceof BeginningGone;
}

const isKnownNow = ({ unknown }: Parked) => unknown !== undefined && isKnownShape(unknown);
const byPosition = (a: Parked, b: Parked) => (a.position < b.position ? -1 : 1);
