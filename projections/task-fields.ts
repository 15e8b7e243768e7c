/** The fields of a task that its list entry and its details both have. */
import type { RecordedEvent } from '../contracts/message.ts';
import type { TaskDetail, TaskEvent } from '../contracts/task.ts';

export type TaskEventOf<T extends TaskEvent['type']> = Extract<TaskEvent, { type: T }>;

type TaskFields = Omit<TaskDetail, 'id' | 'comments' | 'watching' | 'watchers' | 'repair'>;

/** The fields of a task that was just made: open, without an assignee. */
export function fieldsOfNew({ time, revision }: RecordedEvent, data: TaskEventOf<'TaskCreated'>['data']): TaskFields {
  const { title, description = '', maker, deadline = null, priority, labels } = data;
  return { title, status: 'open', priority, labels, maker, assignee: null, deadline, createdAt: time, updatedAt: time, revision, description };
}
