/**
 * A clock of things that wait for a time of day, each of which is looked at when its time has come. It keeps none of them in memory, only the time of
 * its next look into their read model; so it can begin anew at any time, and what became due while it was away comes first.
 *
 *     startDueClock({ row: CLOSING, dueIn: (event) => timeIn(event), pending, fire: (item) => close(item) }, { store, bus, log });
 *
 * The read model gives hints, as an offer is a hint to a worker: `fire` asks the thing itself whether it waits still.
 */
import type { Position, RecordedEvent } from '../../contracts/message.ts';
import { endOf } from '../../platform/followers/checkpoint.ts';
import { type FollowContext, type Follower, type FollowerRow, follow } from '../../platform/followers/follow.ts';
import { paceMeter } from '../../platform/followers/pace.ts';
import { openAlarm } from '../../platform/time/alarm.ts';

/** A thing by its id, and the time for which it waits: ISO 8601, UTC. */
export interface DueItem {
  id: string;
  due: string;
}

/** Reads the things that wait, the earliest first; null where their read model is missing or has not reached `at`. */
export type DueItems = (page: { limit: number; at: Position; after?: DueItem }) => Promise<readonly DueItem[] | null>;

export interface DueClock {
  row: FollowerRow;
  /** The time for which a thing waits since this event; undefined for an event that says no such time. A pure function. */
  dueIn(event: RecordedEvent): string | undefined;
  pending: DueItems;
  /** Does what its time has come for; done again, it changes nothing. Resolves to the position of what was recorded, if anything was. */
  fire(item: DueItem): Promise<Position | undefined>;
}

export interface DueClockContext extends FollowContext {
  /** Number of things read at once; default 500. */
  page?: number;
  /** The present time, in milliseconds since 1970. */
  clock?: () => number;
}

/** Number of things looked at at once. */
const AT_ONCE = 16;

/** Starts a clock. */
export function startDueClock({ row, dueIn, pending, fire }: DueClock, context: DueClockContext): Follower {
  const { store, log, page: limit = 500, clock: now = Date.now } = context;
  /** The position that the read model must have reached before it is asked: of the last event heard of, or recorded. */
  let at: Position = '';
  let stopped = false;
  /** How the looks get on, which are due though no event comes. */
  const looks = paceMeter(`${row.name} looks`, () => looks.trouble() !== undefined);

  /** The alarm's ring: looks at what is due. False where it has to be tried again. */
  async function ring(): Promise<boolean> {
    if (!follower.active()) return false;
    try {
      const done = await look(at);
      if (done) looks.well();
      else looks.failed('its read model has not got as far as the log');
      return done;
    } catch (error) {
      looks.failed(error);
      throw error;
    }
  }

  /** Looks at what is due, page after page, until a page has one that is not, for which it sets the alarm. */
  async function look(known: Position, after?: DueItem): Promise<boolean> {
    const found = await pending({ limit, at: known, ...(after ? { after } : {}) });
    if (found === null) return false;
    const due = found.filter((one) => Date.parse(one.due) <= now());
    await fireAll(due);
    const next = found[due.length];
    if (next) alarm.set(Date.parse(next.due));
    return stopped || due.length < limit || look(known, due.at(-1));
  }

  async function fireAll(due: readonly DueItem[]): Promise<void> {
    for (let from = 0; from < due.length && !stopped; from += AT_ONCE)
      for (const position of await Promise.all(due.slice(from, from + AT_ONCE).map(fire))) heard(position);
  }

  function heard(position: Position | undefined): void {
    if (position !== undefined && position > at) at = position;
  }

  const alarm = openAlarm({ ring, log, clock: now });
  const follower = follow(
    {
      ...row,
      batch: 500,
      wants: (event) => dueIn(event) !== undefined,
      // Follows from the log's end on: events before it are in the read model, which is asked once it has reached that end.
      load: async () => {
        const end = await endOf(store);
        at = end.position;
        alarm.set(now());
        return end;
      },
      foreignLog: async () => {},
      apply: async (events, checkpoint) => {
        heard(checkpoint.position);
        for (const due of events.map(dueIn)) if (due !== undefined) alarm.set(Date.parse(due));
      },
    },
    context,
  );
  return {
    ...follower,
    paces: [...follower.paces, { ...looks, hasTurn: follower.active }],
    stop: async () => {
      stopped = true;
      await Promise.all([follower.stop(), alarm.stop()]);
    },
  };
}
