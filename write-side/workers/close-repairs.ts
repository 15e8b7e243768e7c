/** Closes repair requests that are done, and that nobody has confirmed or reopened in time. The request itself decides, so that each is closed once. */
import { isKnown } from '../../contracts/catalog.ts';
import type { Position, RecordedEvent } from '../../contracts/message.ts';
import type { RepairEvent } from '../../contracts/repair.ts';
import type { CommandHandler } from '../../platform/command-handler.ts';
import { followerQueue } from '../../platform/event-bus/queues.ts';
import type { Follower, FollowerRow } from '../../platform/followers/follow.ts';
import { stableId } from '../../platform/stable-id.ts';
import type { AtTime, ByTime } from '../../platform/time/by-time.ts';
import type { RepairState } from '../deciders/repair-state.ts';
import { type DueClockContext, startDueClock } from './due-clock.ts';

/** The row of its follower. */
export const CLOSING_REPAIRS: FollowerRow = {
  name: 'close_repairs',
  queue: followerQueue('close_repairs', { category: 'repair', purpose: 'repair requests that nobody confirms' }),
};

export interface ClosingContext extends DueClockContext {
  commands: Pick<CommandHandler, 'load' | 'handle'>;
  /** The requests that are done and neither confirmed nor reopened, by when that is over. */
  pending: ByTime;
}

/** Starts it. Errors: UnknownQueue. */
export function startClosingRepairs(context: ClosingContext): Follower {
  const { commands, pending, clock = Date.now } = context;

  async function close({ id, time: due }: AtTime): Promise<Position | undefined> {
    const stream = `repair-${id}`;
    const { state, missing } = await commands.load<RepairState>(stream);
    // Whether a request that is not wholly known waits still, the release that knows it says when it starts.
    if (missing || state.confirmUntil !== due) return undefined;
    const commandId = stableId('CloseRepair', id, due);
    const command = {
      ...{ type: 'CloseRepair', stream, id, data: { until: due }, commandId },
      actor: { id: 'worker:scheduler', role: 'system', seesAll: true } as const,
      now: new Date(clock()).toISOString(),
    };
    return (await commands.handle(command, { correlationId: commandId })).position;
  }

  return startDueClock({ row: CLOSING_REPAIRS, duties: [{ found: pending, after: 0, carryOut: close }], lookAt }, context);
}

function lookAt(recorded: RecordedEvent): number | undefined {
  if (!isKnown(recorded)) return undefined;
  const event = recorded as RecordedEvent & RepairEvent;
  return event.type === 'RepairStateChanged' && event.data.until ? Date.parse(event.data.until) : undefined;
}
