/** Read model `task_detail`: one whole task. */
import type { RecordedEvent } from '../../contracts/message.ts';
import { TASK_EVENT_TYPES, type TaskDetail, type TaskEvent } from '../../contracts/task.ts';
import { latestCommenters, NOBODY_ASKED, type Watching, watchersOf, watchingAfter } from '../../contracts/watchers.ts';
import { beginning, byStream, existing, type Folded, projector } from '../projector.ts';
import { fieldsOfNew, type TaskEventOf } from '../task-fields.ts';

/** A task as it is stored. Deleted tasks keep all fields, for TaskRestored. */
export type TaskDetailDocument = Omit<TaskDetail, 'id' | 'watching' | 'watchers' | 'repair'> & {
  deleted: boolean;
  asked: Watching;
  /** The id of the repair request whose work it is; missing for any other task. */
  repair?: string;
};

/** The ids of the users who watch a task, each once; deleted users are among them. */
export function watchersIn({ maker, assignee, asked, comments }: TaskDetailDocument): string[] {
  return watchersOf({ maker, assignee, ...asked, commenters: latestCommenters(comments.map(({ author }) => author)) });
}

function evolve(document: Folded<TaskDetailDocument>, recorded: RecordedEvent): TaskDetailDocument {
  const event = recorded as RecordedEvent & TaskEvent;
  if (event.type === 'TaskCreated') {
    beginning(document, recorded);
    return created(recorded, event.data);
  }
  return changed(existing(document, recorded), event);
}

function created(recorded: RecordedEvent, data: TaskEventOf<'TaskCreated'>['data']): TaskDetailDocument {
  return { ...fieldsOfNew(recorded, data), comments: [], deleted: false, asked: NOBODY_ASKED, ...(data.repair ? { repair: data.repair } : {}) };
}

/** The task after one more event: one copy, its fields always in the same order, because a rebuild spends most of its time here. */
function changed(document: TaskDetailDocument, event: RecordedEvent & Exclude<TaskEvent, TaskEventOf<'TaskCreated'>>): TaskDetailDocument {
  const { time: updatedAt, revision } = event;
  switch (event.type) {
    case 'TaskAssigned':
      return { ...document, updatedAt, revision, assignee: event.data.userId, asked: watchingAfter(document.asked, event) };
    case 'TaskEdited':
      return { ...document, updatedAt, revision, ...(event.data as Partial<TaskDetailDocument>) };
    case 'TaskStatusChanged':
      return { ...document, updatedAt, revision, status: event.data.to };
    case 'TaskCommented':
      return { ...document, updatedAt, revision, comments: [...document.comments, comment(event, event.data)] };
    case 'TaskWatched':
    case 'TaskUnwatched':
      return { ...document, updatedAt, revision, asked: watchingAfter(document.asked, event) };
    case 'TaskDeleted':
      return { ...document, updatedAt, revision, deleted: true };
    case 'TaskRestored':
      return { ...document, updatedAt, revision, deleted: false };
    default:
      event satisfies never;
      return document;
  }
}

function comment({ metadata, time }: RecordedEvent, { commentId, text }: TaskEventOf<'TaskCommented'>['data']): TaskDetail['comments'][number] {
  return { id: commentId, author: metadata.actor, text, time };
}

/** The key of a task in the cache. */
export function taskCacheKey(id: string): string {
  return `task:${id}`;
}

export const taskDetail = projector<TaskDetailDocument>({
  model: { name: 'task_detail', version: 2, fields: {}, indexes: [] },
  events: TASK_EVENT_TYPES,
  key: byStream,
  evolve,
  cacheKey: taskCacheKey,
});
