/** A change of a task's fields, which only other changes of its fields stand against. */
import type { TaskDetail } from '../../contracts/task.ts';
import type { TaskFields } from './actions.ts';
import { type Api, ApiError, type Done } from './api.ts';
import { fromInput, toInput } from './words.ts';

/** How often a change is sent at most: each time something else happened to the task meanwhile. */
const TRIES = 3;

/**
 * Changes fields of a task. `seen`: the task as the user saw it; undefined for any. Comments, watchers and a status that came since are no reason to
 * ask the user: then the change is made at the revision that they led to. Rejects with ApiError, of status 412 where a field was changed meanwhile.
 */
export async function edited(api: Pick<Api, 'command' | 'get'>, id: string, fields: Partial<TaskFields>, seen?: TaskDetail): Promise<Done> {
  const change = (condition: object) => api.command('PATCH', `/api/tasks/${id}`, { body: fields, ...condition });

  /** The revision at which the change is to be made after a refusal. Rejects with the refusal where it is to stay. */
  async function after(refused: unknown, revision: number, was: TaskDetail): Promise<number> {
    if (!(refused instanceof ApiError) || refused.status !== 412) throw refused;
    const { body: now } = await api.get<TaskDetail>(`/api/tasks/${id}`);
    // A read that is no newer than what was refused says nothing.
    if (now.revision === revision || isChanged(now, was)) throw refused;
    return now.revision;
  }

  async function changeAt(revision: number, left: number, was: TaskDetail): Promise<Done> {
    if (left === 1) return change({ ifMatch: revision });
    const done = await change({ ifMatch: revision }).catch((refused) => after(refused, revision, was));
    return typeof done === 'number' ? changeAt(done, left - 1, was) : done;
  }

  return seen ? changeAt(seen.revision, TRIES, seen) : change({});
}

function isChanged({ title, description, deadline, priority, labels }: TaskFields, seen: TaskFields): boolean {
  return Object.keys(differing({ title, description, deadline, priority, labels }, seen)).length > 0;
}

/** Milliseconds to wait before each further question for a task whose change the server has refused and its lists do not show yet. */
const UNTIL_SHOWN = [300, 1_000, 2_000];

/** The task as it is since it was seen; undefined where the server has shown no change of it after a few seconds. Rejects with ApiError. */
export async function newerThan(
  api: Pick<Api, 'get'>,
  { id, revision }: Pick<TaskDetail, 'id' | 'revision'>,
  wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
): Promise<TaskDetail | undefined> {
  for (const pause of [0, ...UNTIL_SHOWN]) {
    if (pause > 0) await wait(pause);
    const { body } = await api.get<TaskDetail>(`/api/tasks/${id}`);
    if (body.revision > revision) return body;
  }
  return undefined;
}

/** The fields that differ from those of the task. Deadlines are compared by the minute, as forms have them. */
export function differing(fields: TaskFields, task: TaskFields): Partial<TaskFields> {
  const [given, typed] = [fields, task].map((one) => ({ ...one, deadline: fromInput(toInput(one.deadline)) })) as [TaskFields, TaskFields];
  const entries = Object.entries(given).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(typed[name as keyof TaskFields]));
  return Object.fromEntries(entries);
}
