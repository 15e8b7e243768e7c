/**
 * The clocks of visits and of those who are not let in. They say that nobody came once the time of a visit is over, and forget: who came, some days after
 * the visit; and who was not let in, with the end of the entry.
 *
 * To forget is to destroy the key, for good; only then the event says so, which has read models forget. Where it was killed in between, it is still found,
 * and its key destroyed again, which changes nothing.
 */
import type { BlocklistEvent } from '../../contracts/blocklist.ts';
import { isKnown } from '../../contracts/catalog.ts';
import { categoryOf, type Position, type RecordedEvent } from '../../contracts/message.ts';
import type { VisitEvent } from '../../contracts/visit.ts';
import type { CommandHandler } from '../../platform/command-handler.ts';
import { followerQueue } from '../../platform/event-bus/queues.ts';
import type { Follower, FollowerRow } from '../../platform/followers/follow.ts';
import type { PersonKeys } from '../../platform/sealing/person-keys.ts';
import { blockedReference, visitReference } from '../../platform/sealing/person-reference.ts';
import { stableId } from '../../platform/stable-id.ts';
import type { AtTime, ByTime } from '../../platform/time/by-time.ts';
import type { BlocklistState } from '../deciders/blocklist.ts';
import type { VisitState } from '../deciders/visit-state.ts';
import { type DueClockContext, startDueClock } from './due-clock.ts';

/** The rows of the clocks' followers. */
export const VISIT_CLOCK: FollowerRow = {
  name: 'visit_clock',
  queue: followerQueue('visit_clock', { category: 'visit', purpose: 'visits that nobody came to, and those that are to be forgotten' }),
};
export const BLOCKLIST_CLOCK: FollowerRow = {
  name: 'blocklist_clock',
  queue: followerQueue('blocklist_clock', { category: 'blocklist', purpose: 'entries of who is not let in that end, and are to be forgotten' }),
};

/** An entry of who is not let in, with the site that it is of, and its end. */
export interface EndingEntry extends AtTime {
  site: string;
}

interface CommandsContext extends DueClockContext {
  commands: Pick<CommandHandler, 'load' | 'handle'>;
}

export interface VisitClockContext extends CommandsContext {
  personKeys: Pick<PersonKeys, 'destroy'>;
  /** The visits to which somebody is still expected, by the end of their time. */
  expected: ByTime;
  /** The visits that are not forgotten, by when they were over. */
  over: ByTime;
  /** Milliseconds after a visit until it is forgotten who came. */
  keptFor: number;
}

export interface BlocklistClockContext extends CommandsContext {
  personKeys: Pick<PersonKeys, 'destroy' | 'rotateSnapshots'>;
  /** The entries that are not forgotten, by their ends. */
  ending: ByTime<EndingEntry>;
}

const ACTOR = { id: 'worker:visits', role: 'system', seesAll: true } as const;

/** Gives a command once for each thing, however often it is found; resolves to the position of what was recorded. */
function commanding({ commands, clock = Date.now }: CommandsContext) {
  return async (type: string, stream: string, { id, data = null }: { id: string; data?: unknown }): Promise<Position> => {
    const commandId = stableId(type, stream, JSON.stringify(data));
    const now = new Date(clock()).toISOString();
    return (await commands.handle({ type, stream, id, data, commandId, actor: ACTOR, now }, { correlationId: commandId })).position;
  };
}

/** The events of a category that are known, each with when it makes a look worth while. */
const ofCategory =
  (category: string, lookAfter: (event: RecordedEvent) => number) =>
  (event: RecordedEvent): number | undefined =>
    categoryOf(event.stream) === category && isKnown(event) ? lookAfter(event) : undefined;

/** Starts the clock of visits. */
export function startVisitClock(context: VisitClockContext): Follower {
  const { commands, personKeys, expected, over, keptFor, clock = Date.now } = context;
  const command = commanding(context);

  /** The state of a visit of which all is known; of another one the release that knows it says what is to be done. */
  async function stateOf(id: string): Promise<VisitState | undefined> {
    const { state, missing } = await commands.load<VisitState>(`visit-${id}`);
    return !missing && state.exists ? state : undefined;
  }

  async function miss({ id }: AtTime): Promise<Position | undefined> {
    return (await stateOf(id))?.status === 'expected' ? command('MissVisitor', `visit-${id}`, { id }) : undefined;
  }

  async function forget({ id, time }: AtTime): Promise<Position | undefined> {
    const state = await stateOf(id);
    if (!state || state.status === 'expected' || state.erased) return undefined;
    await personKeys.destroy([visitReference(id)], time);
    return command('EraseVisit', `visit-${id}`, { id });
  }

  function lookAfter(recorded: RecordedEvent): number {
    const event = recorded as RecordedEvent & VisitEvent;
    if (event.type === 'VisitErased') return Number.POSITIVE_INFINITY;
    return event.type === 'VisitorExpected' ? Date.parse(event.data.until) : clock() + keptFor;
  }

  const duties = [
    { found: expected, after: 0, carryOut: miss },
    { found: over, after: keptFor, carryOut: forget },
  ];
  return startDueClock({ row: VISIT_CLOCK, duties, lookAt: ofCategory('visit', lookAfter) }, context);
}

/** Starts the clock of those who are not let in. */
export function startBlocklistClock(context: BlocklistClockContext): Follower {
  const { commands, personKeys, ending, clock = Date.now } = context;
  const command = commanding(context);

  async function forget({ id, time, site }: EndingEntry): Promise<Position | undefined> {
    const { state, missing } = await commands.load<BlocklistState>(`blocklist-${site}`);
    if (missing || !(id in state.blocked || state.ended.includes(id))) return undefined;
    const of = blockedReference(id);
    await personKeys.destroy([of], time);
    // A long list is kept as a snapshot, too, which may have the entry.
    await personKeys.rotateSnapshots({ person: of, at: time });
    return command('EraseBlocked', `blocklist-${site}`, { id: site, data: { entry: id } });
  }

  function lookAfter(recorded: RecordedEvent): number {
    const event = recorded as RecordedEvent & BlocklistEvent;
    if (event.type === 'VisitorBlocked') return Date.parse(event.data.until);
    return event.type === 'VisitorUnblocked' ? clock() : Number.POSITIVE_INFINITY;
  }

  const duties = [{ found: ending, after: 0, carryOut: forget }];
  return startDueClock({ row: BLOCKLIST_CLOCK, duties, lookAt: ofCategory('blocklist', lookAfter) }, context);
}
