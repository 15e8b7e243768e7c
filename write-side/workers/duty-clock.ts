/**
 * A clock for what is due some time after a time that a read model has: it keeps nothing in memory but the time of its next look there; so it can begin
 * anew at any time, and what became due while it was away comes first. The read model gives hints: what is carried out decides itself whether it is so.
 */
import { isKnown } from '../../contracts/catalog.ts';
import { categoryOf, type Position, type RecordedEvent } from '../../contracts/message.ts';
import { endOf } from '../../platform/followers/checkpoint.ts';
import { type FollowContext, type Follower, type FollowerRow, follow } from '../../platform/followers/follow.ts';
import { paceMeter } from '../../platform/followers/pace.ts';
import { openAlarm } from '../../platform/time/alarm.ts';

/** Something with the time (ISO 8601, UTC) by which it is found. */
export interface AtTime {
  id: string;
  time: string;
}

/** Reads what has a time, the earliest first; null where its read model is missing or has not reached `at`. */
export type ByTime<Item extends AtTime = AtTime> = (page: { limit: number; at: Position; after?: Item }) => Promise<readonly Item[] | null>;

/** What is carried out so many milliseconds after a time. */
export interface Duty<Item extends AtTime = AtTime> {
  found: ByTime<Item>;
  after: number;
  carryOut(item: Item): Promise<void>;
}

export interface DutyClockContext extends FollowContext {
  /** Number of items read at once; default 500. */
  page?: number;
  /** The present time, in milliseconds since 1970. */
  clock?: () => number;
}

/** The clock’s own: its row, the category whose events it hears, what it carries out, and when an event makes a look worth while (milliseconds since 1970). */
export interface DutyClock {
  row: FollowerRow;
  category: string;
  // biome-ignore lint/suspicious/noExplicitAny: each duty has items of its own
  duties: readonly Duty<any>[];
  lookAfter(event: RecordedEvent): number;
}

/** Items that are seen to at once. */
const AT_ONCE = 16;

/** Starts a clock. */
export function startDutyClock({ row, category, duties, lookAfter }: DutyClock, context: DutyClockContext): Follower {
  const { store, log, page: limit = 500, clock: now = Date.now } = context;
  /** The position that the read model must have reached before it is asked. */
  let at: Position = '';
  let stopped = false;
  const pace = paceMeter(`${row.name} due`, () => pace.trouble() !== undefined);

  async function seeToAll(known: Position): Promise<void> {
    for (const duty of duties) if (!(await seeTo(duty, known))) throw new Error('their read model has not got as far as the log');
  }

  /** The alarm's ring. False where it has to be tried again. */
  async function ring(): Promise<boolean> {
    if (!follower.active()) return false;
    try {
      await seeToAll(at);
      pace.well();
      return true;
    } catch (error) {
      pace.failed(error);
      throw error;
    }
  }

  /** Sees to what is due, page after page, and sets the alarm for the next that is not. False where the read model cannot tell yet. */
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
    for (let from = 0; from < items.length && !stopped; from += AT_ONCE) await Promise.all(items.slice(from, from + AT_ONCE).map(carryOut));
  }

  const alarm = openAlarm({ ring, log, clock: now });
  const follower = follow(
    {
      ...row,
      batch: 500,
      wants: (event) => categoryOf(event.stream) === category && isKnown(event),
      // Follows from the log's end on: events before it are in the read model, which is asked once it has reached that end.
      load: async () => {
        const end = await endOf(store);
        at = end.position;
        alarm.set(now());
        return end;
      },
      foreignLog: async () => {},
      apply: async (events, checkpoint) => {
        if (checkpoint.position > at) at = checkpoint.position;
        for (const event of events) alarm.set(lookAfter(event));
      },
    },
    context,
  );

  return {
    ...follower,
    paces: [...follower.paces, { ...pace, hasTurn: follower.active }],
    stop: async () => {
      stopped = true;
      await Promise.all([follower.stop(), alarm.stop()]);
    },
  };
}
