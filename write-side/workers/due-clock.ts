/**
 * A clock for what is due some time before or after a time that a read model has. It keeps nothing in memory but the time of its next look there; so it
 * can begin anew at any time, and what became due while it was away comes first.
 *
 *     startDueClock({ row: CLOSING, duties: [{ found, after: 0, carryOut: close }], lookAt: (event) => timeIn(event) }, { store, bus, log });
 *
 * The read model gives hints, as an offer is a hint to a worker: what is carried out asks the thing itself whether it is so.
 */
import type { Position, RecordedEvent } from '../../contracts/message.ts';
import { endOf } from '../../platform/followers/checkpoint.ts';
import { type FollowContext, type Follower, type FollowerRow, follow } from '../../platform/followers/follow.ts';
import { paceMeter } from '../../platform/followers/pace.ts';
import { openAlarm } from '../../platform/time/alarm.ts';
import type { AtTime, ByTime } from '../../platform/time/by-time.ts';

/** What is carried out so many milliseconds after a time, or before it where that is negative. */
export interface Duty<Item extends AtTime = AtTime> {
  found: ByTime<Item>;
  after: number;
  /** Done again, it changes nothing. Resolves to the position of what was recorded, if anything was. */
  carryOut(item: Item): Promise<Position | undefined>;
}

export interface DueClock {
  row: FollowerRow;
  // biome-ignore lint/suspicious/noExplicitAny: each duty has items of its own
  duties: readonly Duty<any>[];
  /** When an event makes a look worth while (milliseconds since 1970; Infinity for never); undefined for one that the read model need not have reached. */
  lookAt(event: RecordedEvent): number | undefined;
}

export interface DueClockContext extends FollowContext {
  /** Number of items read at once; default 500. */
  page?: number;
  /** The present time, in milliseconds since 1970. */
  clock?: () => number;
}

/** Items that are seen to at once. */
const AT_ONCE = 16;

/** Starts a clock. Errors: UnknownQueue. */
export function startDueClock({ row, duties, lookAt }: DueClock, context: DueClockContext): Follower {
  const { store, log, page: limit = 500, clock: now = Date.now } = context;
  /** The position that the read model must have reached before it is asked: of the last event heard of, or recorded. */
  let at: Position = '';
  let stopped = false;
  /** How its looks get on, which are due though no event comes. */
  const looks = paceMeter(`${row.name} timers`, () => looks.trouble() !== undefined);

  /** The alarm's ring: sees to what is due. False where it has to be tried again. */
  async function ring(): Promise<boolean> {
    if (!follower.active()) return false;
    try {
      const done = await seeToAll(at);
      if (done) looks.well();
      else looks.failed('their read model has not got as far as the log');
      return done;
    } catch (error) {
      looks.failed(error);
      throw error;
    }
  }

  /** False where a read model cannot tell yet. */
  async function seeToAll(known: Position): Promise<boolean> {
    for (const duty of duties) if (!(await seeTo(duty, known))) return false;
    return true;
  }

  /** Sees to what is due, page after page, until a page has something that is not, for which it sets the alarm. */
  async function seeTo(duty: Duty, known: Position, after?: AtTime): Promise<boolean> {
    const found = await duty.found({ limit, at: known, ...(after ? { after } : {}) });
    if (found === null) return false;
    const due = found.filter((one) => dueAt(duty, one) <= now());
    await each(due, duty.carryOut);
    const next = found[due.length];
    if (next) alarm.set(dueAt(duty, next));
    return stopped || due.length < limit || seeTo(duty, known, due.at(-1));
  }

  const dueAt = ({ after }: Duty, { time }: AtTime) => Date.parse(time) + after;

  async function each(items: readonly AtTime[], carryOut: Duty['carryOut']): Promise<void> {
    for (let from = 0; from < items.length && !stopped; from += AT_ONCE)
      await Promise.all(items.slice(from, from + AT_ONCE).map(async (one) => heard((await carryOut(one)) ?? '')));
  }

  function heard(position: Position): void {
    if (position > at) at = position;
  }

  const alarm = openAlarm({ ring, log, clock: now });
  const follower = follow(
    {
      ...row,
      batch: 500,
      wants: (event) => lookAt(event) !== undefined,
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
        for (const event of events) alarm.set(lookAt(event) ?? Number.POSITIVE_INFINITY);
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
