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
import { type PendingTimer, TIMER_KINDS, type TimerEvent, type TimerKind, timerContract } from '../../contracts/timer.ts';
import type { CommandHandler } from '../../platform/command-handler.ts';
import { followerQueue } from '../../platform/event-bus/queues.ts';
import { appendOnce } from '../../platform/event-store/append-once.ts';
import { endOf } from '../../platform/followers/checkpoint.ts';
import { type FollowContext, type Follower, type FollowerRow, follow } from '../../platform/followers/follow.ts';
import { paceMeter } from '../../platform/followers/pace.ts';
import { eventId, stableId } from '../../platform/stable-id.ts';
import { openAlarm } from '../../platform/time/alarm.ts';
import type { TaskState } from '../deciders/task.ts';

/** The row of the scheduler's follower. */
export const SCHEDULER: FollowerRow = {
  name: 'scheduler',
  queue: followerQueue('scheduler', { category: 'task', purpose: 'due times of tasks' }),
};

/** Reads the timers of a kind that have not fired, the earliest deadlines first; null where their read model is missing or has not reached `at`. */
export type PendingTimers = (kind: TimerKind, page: { limit: number; at: Position; after?: PendingTimer }) => Promise<readonly PendingTimer[] | null>;

export interface SchedulerContext extends FollowContext {
  commands: Pick<CommandHandler, 'load'>;
  pending: PendingTimers;
  /** Milliseconds before a deadline at which its `due_soon` timer fires. */
  dueSoon: number;
  /** Number of timers read at once; default 500. */
  page?: number;
  /** The present time, in milliseconds since 1970. */
  clock?: () => number;
}

/** Number of timers fired at once. */
const AT_ONCE = 16;

/** Starts a scheduler. */
export function startScheduler(context: SchedulerContext): Follower {
  const { store, commands, pending, log, dueSoon, page: limit = 500, clock: now = Date.now } = context;
  /** Milliseconds before the deadline at which each kind fires. */
  const before: Record<TimerKind, number> = { due_soon: dueSoon, overdue: 0 };
  /** The position that the read model must have reached before it is asked: of the last event heard of, or fired. */
  let at: Position = '';
  let stopped = false;

  /** How its timers get on, which are due though no event comes. */
  const timers = paceMeter('scheduler timers', () => timers.trouble() !== undefined);

  /** The alarm's ring: fires what is due. False where it has to be tried again. */
  async function ring(): Promise<boolean> {
    if (!follower.active()) return false;
    try {
      const done = await look();
      if (done) timers.well();
      else timers.failed('their read model has not got as far as the log');
      return done;
    } catch (error) {
      timers.failed(error);
      throw error;
    }
  }

  /** Fires all timers that are due, and sets the alarm for the next one. False where the read model cannot tell yet. */
  async function look(): Promise<boolean> {
    const known = at;
    for (const kind of TIMER_KINDS) if (!(await lookFor(kind, known))) return false;
    return true;
  }

  /** Fires the due timers of a kind, page after page, until a page has one that is not due. */
  async function lookFor(kind: TimerKind, known: Position, after?: PendingTimer): Promise<boolean> {
    const found = await pending(kind, { limit, at: known, ...(after ? { after } : {}) });
    if (found === null) return false;
    const due = found.filter((one) => dueAt(kind, one) <= now());
    await fireAll(kind, due);
    const next = found[due.length];
    if (next) alarm.set(dueAt(kind, next));
    const isWhole = stopped || due.length < limit;
    return isWhole || lookFor(kind, known, due.at(-1));
  }

  const dueAt = (kind: TimerKind, { deadline }: PendingTimer) => Date.parse(deadline) - before[kind];

  async function fireAll(kind: TimerKind, due: readonly PendingTimer[]): Promise<void> {
    for (let from = 0; from < due.length && !stopped; from += AT_ONCE)
      await Promise.all(due.slice(from, from + AT_ONCE).map((one) => fire(kind, one)));
  }

  async function fire(kind: TimerKind, { id, deadline }: PendingTimer): Promise<void> {
    const subject = `task-${id}`;
    const { state, missing } = await commands.load<TaskState>(subject);
    // Whether a task that is not wholly known still waits for its deadline, the release that knows it says when it starts.
    if (!missing && awaits(state, deadline)) await record({ subject, kind, time: deadline });
  }

  /** Records a firing once. It was recorded before where another process was faster, or the read model has not heard of it yet. */
  async function record(data: TimerEvent['data']): Promise<void> {
    const { stream, event } = fired(data);
    const appended = await appendOnce(store, stream, [event]);
    if (appended) heard(appended.position);
  }

  function heard(position: Position): void {
    if (position > at) at = position;
  }

  /** The time (milliseconds since 1970) at which an event makes a look into the read model worth while. */
  const worthALook = (news: News) => (news === 'counts again' ? now() : Date.parse(news.deadline) - dueSoon);

  const alarm = openAlarm({ ring, log, clock: now });
  const follower = follow(
    {
      ...SCHEDULER,
      batch: 500,
      wants: (event) => newsIn(event) !== undefined,
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
        for (const news of events.map(newsIn)) if (news) alarm.set(worthALook(news));
      },
    },
    context,
  );
  return {
    ...follower,
    paces: [...follower.paces, { ...timers, hasTurn: follower.active }],
    stop: async () => {
      stopped = true;
      await Promise.all([follower.stop(), alarm.stop()]);
    },
  };
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
