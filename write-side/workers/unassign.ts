/**
 * The unassigners: take unfinished tasks from users who were deleted, so that nobody waits for who does not come. Two followers:
 *
 * - `unassign` hears of deletions, and takes what the read model of tasks says is assigned to the user; it goes page by page, and from the beginning
 *   where it was killed, since what was taken is not found again. It also removes what the secrets still have of the user.
 * - `unassign_late` hears of tasks that come to be somebody's to do (assigned, opened again, restored), and takes those of users who are deleted: an
 *   assignment may have been decided a moment before the deletion, and what was done or deleted kept its assignee until then.
 *
 * Both only command: the task decides whether it is still that user's, so that a task which was reassigned meanwhile is left alone.
 */
import { isKnown } from '../../contracts/catalog.ts';
import { idOf, type Position, type RecordedEvent } from '../../contracts/message.ts';
import { ProblemError } from '../../contracts/problem.ts';
import type { TaskEvent } from '../../contracts/task.ts';
import type { CommandHandler, Loaded } from '../../platform/command-handler.ts';
import { followerQueue } from '../../platform/event-bus/queues.ts';
import { isOfOneStream } from '../../platform/event-store/event-store.ts';
import type { FollowContext, Follower, FollowerRow } from '../../platform/followers/follow.ts';
import { followWithEffects } from '../../platform/followers/follow-with-effects.ts';
import { stableId } from '../../platform/stable-id.ts';
import { awaitsAssignee, type TaskState } from '../deciders/task.ts';
import type { UserState } from '../deciders/user.ts';

const DEPARTED: FollowerRow = {
  name: 'unassign',
  queue: followerQueue('departed_users', { category: 'user', purpose: 'the tasks of users who were deleted' }),
};
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

/** Starts both; resolves once their checkpoints are there. Errors: those of the store; UnknownQueue. */
export async function startUnassigning(context: UnassigningContext): Promise<Follower[]> {
  const { commands, assigned, removeSecrets, log, page: limit = 500 } = context;

  /** Takes a task from a user, because of an event. A task that cannot be decided on is left, and told of. Errors: those of an absence. */
  async function take(task: string, userId: string, cause: RecordedEvent): Promise<void> {
    const command = {
      ...{ type: 'UnassignTask', stream: `task-${task}`, id: task, data: { userId } },
      commandId: stableId('UnassignTask', task, cause.id),
      actor: { id: 'policy:unassign', role: 'system', seesAll: true } as const,
      now: cause.time,
    };
    await commands.handle(command, { correlationId: cause.metadata.$correlationId });
  }

  /** Does something for a task; one that is not whole, or that the store does not give, is passed over. */
  async function unlessBroken(task: string, what: () => Promise<void>): Promise<void> {
    try {
      const { missing } = await commands.load<TaskState>(`task-${task}`);
      if (missing) return left(task, missing);
      await what();
    } catch (error) {
      if (isToTryAgain(error)) throw error;
      left(task, error);
    }
  }

  function left(task: string, reason: unknown): void {
    log.warn({ task, err: reason }, 'a task of a deleted user cannot be decided on: it keeps its assignee');
  }

  async function departed(event: RecordedEvent): Promise<void> {
    const userId = idOf(event.stream);
    let after: string | undefined;
    do {
      const found = await assigned(userId, { limit, at: event.position, after });
      if (found === null) throw new AssignedUnknown(`the tasks of a deleted user are not known up to ${event.position} yet`);
      await each(found, (task) => unlessBroken(task, () => take(task, userId, event)));
      after = found.length === limit ? found.at(-1) : undefined;
    } while (after !== undefined);
    await removeSecrets(userId);
  }

  async function late(event: RecordedEvent): Promise<void> {
    const task = idOf(event.stream);
    await unlessBroken(task, async () => {
      const { state } = await commands.load<TaskState>(event.stream);
      if (!awaitsAssignee(state) || state.assignee === null) return;
      if (isDeleted(await commands.load<UserState>(`user-${state.assignee}`))) await take(task, state.assignee, event);
    });
  }

  return Promise.all([
    followWithEffects({ ...DEPARTED, batch: 1, wants: isDeparture, apply: (events) => each(events, departed) }, context),
    followWithEffects({ ...LATE, batch: 200, wants: makesSomebodysToDo, apply: (events) => each(events, late) }, context),
  ]);
}

async function each<T>(all: readonly T[], what: (one: T) => Promise<void>): Promise<void> {
  for (let from = 0; from < all.length; from += AT_ONCE) await Promise.all(all.slice(from, from + AT_ONCE).map(what));
}

/** True for an error that passes: what all tasks need is away, or others kept changing the task. */
function isToTryAgain(error: unknown): boolean {
  if (error instanceof ProblemError) return error.code === 'unavailable' || error.code === 'conflict';
  return !isOfOneStream(error);
}

function isDeleted({ state, missing }: Loaded<UserState>): boolean {
  return !missing && state.exists && state.deleted;
}

function isDeparture({ type, stream }: RecordedEvent): boolean {
  return type === 'UserDeleted' && stream.startsWith('user-');
}

/** True for an event of a task that may make it the work of somebody. */
function makesSomebodysToDo(recorded: RecordedEvent): boolean {
  if (!isKnown(recorded)) return false;
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
