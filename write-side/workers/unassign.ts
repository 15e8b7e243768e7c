/**
 * The unassigners: take unfinished tasks from users who were deleted, so that nobody waits for who does not come. Two followers:
 *
 * - `unassign` hears of deletions, and takes what the read model of tasks says is assigned to the user; it goes page by page, and from the beginning
 *   where it was killed, since what was taken is not found again. It also removes what the secrets still have of the user.
 * - `unassign_late` hears of tasks that come to be somebody's to do (assigned, opened again, restored), and takes those of users who are deleted: an
 *   assignment may have been decided a moment before the deletion, and what was done or deleted kept its assignee until then.
 *
 * Both only command: the task decides whether it is still that user's, so that a task which was reassigned meanwhile is left alone. One that cannot be
 * decided on is listed for operators, and waits until it can be (left-tasks.ts). A deletion of a shape that this release does not know parks its user's
 * stream: nothing is taken, or removed, for it before a release that knows it.
 */
import { randomUUID } from 'node:crypto';
import { idOf, type Position, type RecordedEvent } from '../../contracts/message.ts';
import type { TaskEvent } from '../../contracts/task.ts';
import type { CommandHandler, Loaded } from '../../platform/command-handler.ts';
import { followerQueue } from '../../platform/event-bus/queues.ts';
import type { FollowContext, FollowerRow } from '../../platform/followers/follow.ts';
import { followParking, type ParkingFollower, wantedOrUnknown } from '../../platform/followers/follow-parking.ts';
import { followWithEffects } from '../../platform/followers/follow-with-effects.ts';
import { stableId } from '../../platform/stable-id.ts';
import { awaitsAssignee, type TaskState } from '../deciders/task.ts';
import type { UserState } from '../deciders/user.ts';
import { openLeftTasks } from './left-tasks.ts';

const DEPARTED: FollowerRow = {
  name: 'unassign',
  queue: followerQueue('departed_users', { category: 'user', purpose: 'the tasks of users who were deleted' }),
};
/** The one under whose name the tasks are listed which neither of them could decide on. */
const LATE: FollowerRow = {
  name: 'unassign_late',
  queue: followerQueue('late_assignments', { category: 'task', purpose: 'tasks that come to be those of a user who was deleted before' }),
};

/** The rows of both followers. */
export const UNASSIGNERS: readonly FollowerRow[] = [DEPARTED, LATE];

/** Reads the ids of a user's unfinished tasks, in their order; null where their read model is missing or has not reached `at`. */
export type AssignedTasks = (userId: string, page: { limit: number; at: Position; after?: string | undefined }) => Promise<readonly string[] | null>;

export interface UnassigningContext extends FollowContext {
  commands: Pick<CommandHandler, 'load' | 'handle'>;
  assigned: AssignedTasks;
  /** Reads the ids of the tasks of which the read model does not know all, since an event of theirs is parked there. */
  parked(): Promise<readonly string[]>;
  /**
   * Removes what the secrets have of a user who was deleted: sessions, password, codes, second factor. Whoever deleted them has done so, unless that
   * process was killed, or the secrets were away.
   */
  removeSecrets(userId: string): Promise<void>;
  /** Number of tasks read at once; default 500. */
  page?: number;
}

/** The read model cannot tell which tasks a user has: it is missing, behind, or waits for a rebuild. The follower asks again. */
class AssignedUnknown extends Error {
  override readonly name = 'AssignedUnknown';
}

/** Number of tasks taken, or looked at, at once. */
const AT_ONCE = 16;

/** One of both, which releases what it has set aside: a user's stream, or a listed task. */
export type Unassigner = Omit<ParkingFollower, 'parked'>;

/** Starts both; resolves once their checkpoints are there. Errors: those of the store; UnknownQueue. */
export async function startUnassigning(context: UnassigningContext): Promise<readonly [departed: Unassigner, late: Unassigner]> {
  const { store, commands, assigned, parked, removeSecrets, log, page: limit = 500 } = context;

  /** Takes a task from a user where they have it still. Rejects where it cannot be decided on, and with the errors of an absence. */
  async function take(task: string, userId: string, cause: Cause): Promise<void> {
    const command = {
      ...{ type: 'UnassignTask', stream: `task-${task}`, id: task, data: { userId } },
      commandId: stableId('UnassignTask', task, cause.id),
      actor: { id: 'policy:unassign', role: 'system', seesAll: true } as const,
      now: cause.time,
    };
    await commands.handle(command, { correlationId: cause.correlationId });
  }

  /** Takes a task from its assignee where that user was deleted. Rejects where it cannot be decided on. */
  async function look(task: string, cause: Cause): Promise<void> {
    const state = await whole<TaskState>(`task-${task}`);
    if (!awaitsAssignee(state) || state.assignee === null) return;
    if (isDeleted(await commands.load<UserState>(`user-${state.assignee}`))) await take(task, state.assignee, cause);
  }

  /** The state of a stream of which all is known; rejects with what is missing. */
  async function whole<State>(stream: string): Promise<State> {
    const { state, missing } = await commands.load<State>(stream);
    if (missing) throw missing;
    return state;
  }

  const left = openLeftTasks({ store, follower: LATE.name, log, look: (task) => look(task, causeNow(task)) });

  async function takeIfWhole(task: string, userId: string, event: RecordedEvent): Promise<void> {
    await left.unlessBroken(task, async () => {
      await whole<TaskState>(`task-${task}`);
      await take(task, userId, causeOf(event));
    });
  }

  async function departed(event: RecordedEvent): Promise<void> {
    const userId = idOf(event.stream);
    let after: string | undefined;
    do {
      const found = await assigned(userId, { limit, at: event.position, after });
      if (found === null) throw new AssignedUnknown(`the tasks of a deleted user are not known up to ${event.position} yet`);
      await each(found, (task) => takeIfWhole(task, userId, event));
      after = found.length === limit ? found.at(-1) : undefined;
    } while (after !== undefined);
    // The read model does not know of these what they are now.
    await each(await parked(), (task) => takeIfWhole(task, userId, event));
    await removeSecrets(userId);
  }

  async function late(events: RecordedEvent[]): Promise<void> {
    const decided: string[] = [];
    await each(events, async (event) => {
      const task = idOf(event.stream);
      if (await left.unlessBroken(task, () => look(task, causeOf(event)), event)) decided.push(task);
    });
    await left.decided(decided);
  }

  const wants = wantedOrUnknown(LATE.queue, makesSomebodysToDo);
  const [first, second] = await Promise.all([
    followParking({ ...DEPARTED, batch: 1, wants: isDeparture, work: departed }, context),
    followWithEffects({ ...LATE, batch: 200, wants, begin: left.tryAgain, apply: late }, context),
  ]);
  return [first, { ...second, release: left.release }];
}

/** What a task is taken for: an event, or that it can be decided on now. */
interface Cause {
  id: string;
  time: string;
  correlationId: string;
}

const causeOf = ({ id, time, metadata }: RecordedEvent): Cause => ({ id, time, correlationId: metadata.$correlationId });

function causeNow(task: string): Cause {
  const id = stableId('left task', task, randomUUID());
  return { id, time: new Date().toISOString(), correlationId: id };
}

async function each<T>(all: readonly T[], what: (one: T) => Promise<void>): Promise<void> {
  for (let from = 0; from < all.length; from += AT_ONCE) await Promise.all(all.slice(from, from + AT_ONCE).map(what));
}

/** True for a user who was deleted. Throws what is missing of one of whom that is not known. */
function isDeleted({ state, missing }: Loaded<UserState>): boolean {
  if (state.exists && state.deleted) return true;
  if (missing) throw missing;
  return false;
}

function isDeparture({ type }: RecordedEvent): boolean {
  return type === 'UserDeleted';
}

/** True for an event of a task that may make it the work of somebody. */
function makesSomebodysToDo(recorded: RecordedEvent): boolean {
  const { type, data } = recorded as RecordedEvent & TaskEvent;
  switch (type) {
    case 'TaskAssigned':
      return data.userId !== null;
    case 'TaskStatusChanged':
      return data.to === 'open';
    default:
      return type === 'TaskRestored';
  }
}
