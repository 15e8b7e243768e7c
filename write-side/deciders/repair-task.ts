/** The task of a repair request: how it begins, and how it follows its request. Commands of the system alone, which no route gives. */
import type { TaskCommand, TaskEvent } from '../../contracts/task.ts';
import type { TaskState } from './task.ts';

type CommandOf<T extends TaskCommand['type']> = Extract<TaskCommand, { type: T }>;

/** Begins the task of a request, once. Its title names where the request is about: what was written there is its author's, and is read there. */
export function startRepairTask({ data }: CommandOf<'StartRepairTask'>, { exists }: TaskState): TaskEvent[] {
  if (exists) return [];
  const { repair, title, maker, userId, deadline, priority } = data;
  return [
    {
      type: 'TaskCreated',
      data: { title, maker, userId, ...(deadline === null ? {} : { deadline }), priority, labels: [], repair },
    },
    { type: 'TaskAssigned', data: { userId, previous: null, atCreation: true } },
  ];
}

const BECAUSE = { because: 'repair_request' } as const;

/** Brings a task into step with its request in the fields that are named; its history says why. */
export function followRepair({ data }: CommandOf<'FollowRepair'>, state: TaskState): TaskEvent[] {
  if (!state.exists) return [];
  return [...restored(data, state), ...assigned(data, state), ...moved(data, state), ...edited(data, state)];
}

type Followed = CommandOf<'FollowRepair'>['data'];

/** A deleted task is there again where its request goes on. */
function restored({ status }: Followed, { deleted }: TaskState): TaskEvent[] {
  return deleted && status !== undefined && status !== 'cancelled' ? [{ type: 'TaskRestored', data: {} }] : [];
}

function assigned({ assignee }: Followed, state: TaskState): TaskEvent[] {
  if (assignee === undefined || assignee === state.assignee) return [];
  return [{ type: 'TaskAssigned', data: { userId: assignee, previous: state.assignee, atCreation: false, ...BECAUSE } }];
}

function moved({ status }: Followed, state: TaskState): TaskEvent[] {
  if (status === undefined || status === state.status) return [];
  return [{ type: 'TaskStatusChanged', data: { from: state.status, to: status, ...BECAUSE } }];
}

function edited({ deadline, priority }: Followed, state: TaskState): TaskEvent[] {
  const changes = {
    ...(deadline === undefined || deadline === state.deadline ? {} : { deadline }),
    ...(priority === undefined || priority === state.priority ? {} : { priority }),
  };
  return Object.keys(changes).length === 0 ? [] : [{ type: 'TaskEdited', data: changes }];
}
