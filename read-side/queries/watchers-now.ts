/**
 * Who watches a task now. The task's own events say it, but for one thing: that a user was deleted stands with the user. Every look at a task would ask for
 * that, so what the directory said is remembered in this process.
 */
import { LRUCache } from 'lru-cache';
import { unavailableIn } from '../../platform/absences/unavailable.ts';
import { NoSuchGeneration, type ReadModels, type Stored } from '../../platform/read-models/read-models.ts';
import { type TaskDetailDocument, watchersIn } from '../../projections/projectors/task-detail.ts';
import { userDirectory } from '../../projections/projectors/user-directory.ts';
import type { QueryContext } from '../reading.ts';

/** The users kept in memory. */
const KEPT_USERS = 20_000;
/** Milliseconds for which a user who was there is not asked for again. A deletion is for good, and never is. */
const THERE_FOR = 60_000;

interface DeletedUsers {
  /** The ids that are not of deleted users; those, too, of whom the directory says nothing, or cannot be asked. */
  without(ids: readonly string[], readModels: Pick<ReadModels, 'state' | 'get'>): Promise<string[]>;
}

const keptOf = new WeakMap<object, DeletedUsers>();

/** The ids of the users who watch a task, each once. Who was deleted within the last minute may still be among them. */
export async function watchersNow({ store, readModels }: QueryContext, document: TaskDetailDocument): Promise<string[]> {
  const kept = keptOf.get(store) ?? deletedUsers();
  keptOf.set(store, kept);
  return kept.without(watchersIn(document), readModels);
}

/** Opens the memory of who was deleted. `clock`: the monotonic clock, in milliseconds; default performance.now. */
export function deletedUsers(clock: () => number = () => performance.now()): DeletedUsers {
  /** True for a user who was deleted. */
  const known = new LRUCache<string, { isDeleted: boolean; until: number }>({ max: KEPT_USERS });

  function isToAsk(id: string): boolean {
    const entry = known.get(id);
    return !entry || entry.until <= clock();
  }

  async function ask(ids: readonly string[], readModels: Pick<ReadModels, 'state' | 'get'>): Promise<void> {
    const until = clock() + THERE_FOR;
    const found = await tombstonesAmong(ids, readModels);
    if (!found) return;
    const gone = new Set(found.map(({ id }) => id));
    for (const id of ids) known.set(id, gone.has(id) ? { isDeleted: true, until: Number.POSITIVE_INFINITY } : { isDeleted: false, until });
  }

  return {
    without: async (ids, readModels) => {
      const unknown = ids.filter(isToAsk);
      if (unknown.length > 0) await ask(unknown, readModels);
      return ids.filter((id) => !known.get(id)?.isDeleted);
    },
  };
}

/** The tombstones of users among these ids; null where the directory is away, or is being made: that is no reason not to show a task. */
async function tombstonesAmong(ids: readonly string[], readModels: Pick<ReadModels, 'state' | 'get'>): Promise<Stored[] | null> {
  try {
    const state = await readModels.state(userDirectory.model);
    return state && (await readModels.get(userDirectory.model, state.generation, ids)).filter(({ document }) => document === null);
  } catch (error) {
    if (error instanceof NoSuchGeneration || unavailableIn(error)) return null;
    throw error;
  }
}
