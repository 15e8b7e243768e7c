/**
 * A repair request that is somebody's has a task, and both stay in step. Two followers, of requests and of tasks, do the same with both
 * (keep-in-step.ts). A request or task that this release does not wholly know waits, as its stream does.
 */
import { idOf, type RecordedEvent } from '../../contracts/message.ts';
import type { CommandHandler } from '../../platform/command-handler.ts';
import { followerQueue } from '../../platform/event-bus/queues.ts';
import type { FollowContext, FollowerRow } from '../../platform/followers/follow.ts';
import { followParking, type ParkingFollower } from '../../platform/followers/follow-parking.ts';
import type { TaskState } from '../deciders/task.ts';
import { IN_STEP, keepInStep } from './keep-in-step.ts';

const OF_REPAIRS: FollowerRow = {
  name: 'repair_tasks',
  queue: followerQueue('repair_tasks', { category: 'repair', purpose: 'the tasks of repair requests' }),
};
const OF_TASKS: FollowerRow = {
  name: 'task_repairs',
  queue: followerQueue('task_repairs', { category: 'task', purpose: 'repair requests that follow their tasks' }),
};

/** The rows of both followers. */
export const REPAIR_TASKS: readonly FollowerRow[] = [OF_REPAIRS, OF_TASKS];

/** The events after which a request and its task may be out of step. */
const OF_A_REPAIR: readonly string[] = ['RepairTriaged', 'RepairAssigned', 'RepairStateChanged'];
const OF_A_TASK: readonly string[] = ['TaskAssigned', 'TaskEdited', 'TaskStatusChanged', 'TaskDeleted', 'TaskRestored'];

/** Events that are worked on at once. */
const BATCH = 16;

/** Starts both; resolves once their checkpoints are there. Errors: those of the store; UnknownQueue. */
export function startRepairTasks(context: FollowContext & { commands: Pick<CommandHandler, 'load' | 'handle'> }): Promise<ParkingFollower[]> {
  const { commands } = context;
  const inStep = keepInStep(context);
  /** What was done to keep both in step is over only where they are. */
  const others = (types: readonly string[]) => (event: RecordedEvent) => types.includes(event.type) && event.metadata.actor !== IN_STEP.id;

  async function ofTask({ stream, metadata }: RecordedEvent): Promise<void> {
    const { state } = await commands.load<TaskState>(stream);
    if (state.repair !== null) await inStep(state.repair, metadata.$correlationId);
  }

  return Promise.all([
    followParking(
      { ...OF_REPAIRS, batch: BATCH, wants: others(OF_A_REPAIR), work: ({ stream, metadata }) => inStep(idOf(stream), metadata.$correlationId) },
      context,
    ),
    followParking({ ...OF_TASKS, batch: BATCH, wants: others(OF_A_TASK), work: ofTask }, context),
  ]);
}
