/** A task folded from its own stream: as it was at some moment, and as it is now. */
import type { RecordedEvent } from '../../contracts/message.ts';
import { mayReadTask } from '../../contracts/task.ts';
import type { EventStore } from '../../platform/event-store/event-store.ts';
import { knownEvents } from '../../platform/event-store/known-events.ts';
import type { Caller } from '../../platform/http/route.ts';
import { type TaskDetailDocument, taskDetail } from '../../projections/projectors/task-detail.ts';

/** A task at some moment and now; null where it did not exist. */
export interface TaskAtTime {
  then: TaskDetailDocument | null;
  now: TaskDetailDocument | null;
}

/** Folds the stream of a task; `then` holds the events for which `before` is true. */
export async function taskAt(store: EventStore, id: string, before: (event: RecordedEvent) => boolean): Promise<TaskAtTime> {
  let then: TaskDetailDocument | null = null;
  let now: TaskDetailDocument | null = null;
  for await (const event of knownEvents(store, `task-${id}`)) {
    now = taskDetail.evolve(now ?? undefined, event);
    if (before(event)) then = now;
  }
  return { then, now };
}

/** True where the caller may read a task (deleted or not). */
export function mayRead(caller: Caller, task: Pick<TaskDetailDocument, 'maker' | 'assignee'>): boolean {
  return mayReadTask(caller, task);
}
