/**
 * A follower of effects that parks what its release does not know (invariant 17): the stream waits for a release that does, which works it off by itself,
 * and all other streams go on.
 */
import { isKnown, UnknownEvent } from '../../contracts/catalog.ts';
import { isDeletion } from '../../contracts/deletion.ts';
import { categoryOf, type RecordedEvent } from '../../contracts/message.ts';
import { AT_ONCE } from '../absences/while-starting.ts';
import { onlyCategoryOf } from '../event-bus/queues.ts';
import type { FollowContext, Follower, FollowerRow } from './follow.ts';
import { followWithEffects } from './follow-with-effects.ts';
import { openParking, type Parked, type Parking } from './parking.ts';
import { releaseKnown } from './release-known.ts';

/** The work of such a follower. Its queue has the events of one category. */
export interface FollowingWithParking extends FollowerRow {
  /** Events worked on at once, at most. */
  batch: number;
  /** True for known events that have an effect. A pure function; it is not asked about unknown ones. */
  wants(event: RecordedEvent): boolean;
  /**
   * Does what an event asks for; done again, it changes nothing. Error UnknownEvent: something that it needs is not known to this release, and the
   * stream of the event waits. After any other error, one of infrastructure, the event comes again.
   */
  work(event: RecordedEvent): Promise<void>;
}

/** A running follower, and its streams that wait. */
export interface ParkingFollower extends Follower {
  parked(): Parked[];
  /** Works a parked stream off; with `skip`, without the event that parked it. False where the stream is not parked. */
  release(stream: string, skip: boolean): Promise<boolean>;
}

/** Starts the follower; resolves once its checkpoint is there. Errors: those of the store; UnknownQueue. */
export async function followParking({ name, queue, batch, wants, work }: FollowingWithParking, context: FollowContext): Promise<ParkingFollower> {
  const { store, log, whileStarting = AT_ONCE } = context;
  const isWanted = wantedOrUnknown(queue, wants);
  let parking: Parking = await whileStarting(() => openParking(store, name));

  /** Works on an event that the follower wants. Errors: those of `work`, UnknownEvent. */
  async function carryOut(event: RecordedEvent): Promise<void> {
    if (!isKnown(event)) throw new UnknownEvent(event);
    if (isWanted(event)) await work(event);
  }

  /** Works on an event; resolves to what is not known of it. */
  const tried = (event: RecordedEvent) => carryOut(event).then(() => undefined, unlessUnknown);

  const follower = await followWithEffects(
    {
      ...{ name, queue, batch, wants: isWanted },
      begin: async () => {
        parking = await openParking(store, name);
        const decision = async (event: RecordedEvent) => {
          const unknown = await tried(event);
          return () => {
            if (unknown) throw unknown;
          };
        };
        await releaseKnown(parking, { decision, record: async () => {}, log });
      },
      apply: async (events) => {
        const working = events.filter((event) => !parking.waits(event));
        const unknown = await Promise.all(working.map(tried));
        // In the order of the log: the first event of a stream is the one that it waits at.
        for (const [index, event] of working.entries()) if (unknown[index] && !parking.waits(event)) await parking.park(event, unknown[index]);
      },
    },
    context,
  );
  return {
    ...follower,
    parked: () => parking.list(),
    release: (stream, skip) => parking.release(stream, carryOut, skip),
  };
}

/** True for the events of a queue's category that are wanted, and for those that this release does not know; not for the deletion of a stream. */
export function wantedOrUnknown(queue: FollowerRow['queue'], wants: (event: RecordedEvent) => boolean) {
  const category = onlyCategoryOf(queue);
  return (event: RecordedEvent): boolean => !isDeletion(event) && categoryOf(event.stream) === category && (!isKnown(event) || wants(event));
}

function unlessUnknown(error: unknown): UnknownEvent {
  if (error instanceof UnknownEvent) return error;
  throw error;
}
