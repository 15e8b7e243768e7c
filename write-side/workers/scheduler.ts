/**
 * The scheduler: fires the timers of tasks, once each, when their time has come. It keeps no timers in memory, only the time of its next look into
 * their read model; so it can begin anew at any time, and timers that became due while it was away come first.
 *
 * The read model gives hints, as an offer is a hint to a worker: before a timer fires, the scheduler looks at the task itself. The firing is
 * recorded on a stream named by (subject, kind, time), which takes it once, whoever fires.
 */
import { isKnown } from '../../contracts/catalog.ts';
import type { NewEvent, Position, RecordedEvent } from '../../contracts/message.ts';
import type { TaskEvent } from '../../contracts/task.ts';
import { type TimerEvent, type TimerKind, timerContract } from '../../contracts/timer.ts';
import type { CommandHandler } from '../../platform/command-handler.ts';
import { followerQueue } from '../../platform/event-bus/queues.ts';
import { appendOnce } from '../../platform/event-store/append-once.ts';
import type { Follower, FollowerRow } from '../../platform/followers/follow.ts';
import { eventId, stableId } from '../../platform/stable-id.ts';
import type { AtTime, ByTime } from '../../platform/time/by-time.ts';
import type { TaskState } from '../deciders/task.ts';
import { type DueClockContext, type Duty, startDueClock } from './due-clock.ts';

/** The row of the scheduler's follower. */
export const SCHEDULER: FollowerRow = {
  name: 'scheduler',
  queue: followerQueue('scheduler', { category: 'task', purpose: 'due times of tasks' }),
};

export interface SchedulerContext extends DueClockContext {
  commands: Pick<CommandHandler, 'load'>;
  /** The deadlines of tasks whose timers of a kind have not fired. */
  pending: Readonly<Record<TimerKind, ByTime>>;
  /** Milliseconds before a deadline at which its `due_soon` timer fires. */
  dueSoon: number;
}

/** Starts a scheduler. */
export function startScheduler(context: SchedulerContext): Follower {
  const { store, commands, pending, dueSoon, clock: now = Date.now } = context;

  async function fire(kind: TimerKind, { id, time }: AtTime): Promise<Position | undefined> {
    const subject = `task-${id}`;
    const { state, missing } = await commands.load<TaskState>(subject);
    // Whether a task that is not wholly known still waits for its deadline, the release that knows it says when it starts.
    return missing || !awaits(state, time) ? undefined : record({ subject, kind, time });
  }

  /** Records a firing once. It was recorded before where another process was faster, or the read model has not heard of it yet. */
  async function record(data: TimerEvent['data']): Promise<Position | undefined> {
    const { stream, event } = fired(data);
    return (await appendOnce(store, stream, [event]))?.position;
  }

  const duty = (kind: TimerKind, after: number): Duty => ({ found: pending[kind], after, carryOut: (item) => fire(kind, item) });

  function lookAt(event: RecordedEvent): number | undefined {
    const news = newsIn(event);
    if (!news) return undefined;
    return news === 'counts again' ? now() : Date.parse(news.deadline) - dueSoon;
  }

  return startDueClock({ row: SCHEDULER, duties: [duty('due_soon', -dueSoon), duty('overdue', 0)], lookAt }, context);
}

/** The news of an event for timers: another deadline, or that a task, whose deadline the event does not name, is to be worked on again. */
type News = { deadline: string } | 'counts again';

function newsIn(recorded: RecordedEvent): News | undefined {
  if (!isKnown(recorded)) return undefined;
  const { type, data } = recorded as RecordedEvent & TaskEvent;
  switch (type) {
    case 'TaskCreated':
    case 'TaskEdited':
      return data.deadline ? { deadline: data.deadline } : undefined;
    case 'TaskStatusChanged':
      return data.to === 'open' ? 'counts again' : undefined;
    case 'TaskRestored':
      return 'counts again';
    default:
      return undefined;
  }
}

function awaits({ exists, deleted, status, deadline }: TaskState, time: string): boolean {
  return exists && !deleted && (status === 'open' || status === 'in-progress') && deadline === time;
}

/** The event of a fired timer and its stream. Their ids are made of the timer alone, so that firing again gives the same. */
function fired(data: TimerEvent['data']): { stream: string; event: NewEvent } {
  const commandId = stableId('timer', data.subject, data.kind, data.time);
  const stream = `timer-${commandId}`;
  const metadata = {
    $correlationId: commandId,
    $causationId: commandId,
    commandId,
    actor: 'worker:scheduler',
    schema: timerContract.events.TimerFired.version,
    topics: [],
  };
  return { stream, event: { id: eventId(commandId, stream, 0), type: 'TimerFired', data, metadata } };
}
