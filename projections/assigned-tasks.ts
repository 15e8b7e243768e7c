/** The questions of the unassigners to the read model `task_list`. */
import { idOf, type Position } from '../contracts/message.ts';
import { UNFINISHED } from '../contracts/task.ts';
import type { EventStore } from '../platform/event-store/event-store.ts';
import { openParking } from '../platform/followers/parking.ts';
import type { ReadModels } from '../platform/read-models/read-models.ts';
import { projectionName } from './projection.ts';
import { taskList } from './projectors/task-list.ts';

/** Makes the question for the ids of the tasks whose streams the read model has parked: what it has of them is of before. */
export function parkedTasksIn(store: Pick<EventStore, 'readStream' | 'append'>) {
  return async (): Promise<string[]> => (await openParking(store, projectionName(model))).list().map(({ stream }) => idOf(stream));
}

const REACHED_WITHIN = 2_000;
const { model } = taskList;

/**
 * Makes the question: the ids of the unfinished tasks that are assigned to a user, at most `limit`, in the order of their ids, only those after `after`.
 * Null where the read model does not exist or has not reached `at`.
 */
export function assignedIn(readModels: ReadModels) {
  return async (userId: string, { limit, at, after }: { limit: number; at: Position; after?: string | undefined }): Promise<string[] | null> => {
    if (!(await readModels.reached(model, at, REACHED_WITHIN))) return null;
    const state = await readModels.state(model);
    if (!state || state.version !== model.version) return null;
    const found = await readModels.find(model, state.generation, {
      where: [
        { field: 'assignee', op: 'eq', value: userId },
        { field: 'status', op: 'in', value: [...UNFINISHED] },
        { field: 'deleted', op: 'eq', value: 0 },
      ],
      sort: [],
      limit,
      ...(after === undefined ? {} : { after: { values: [], id: after } }),
    });
    return found.map(({ id }) => id);
  };
}
