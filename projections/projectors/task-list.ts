/** Read model `task_list`: tasks as lists show, filter and sort them. */
import type { RecordedEvent } from '../../contracts/message.ts';
import { PRIORITIES, type Status, TASK_EVENT_TYPES, type TaskEvent, type TaskSummary } from '../../contracts/task.ts';
import type { Condition, Find } from '../../platform/read-models/read-models.ts';
import { beginning, byStream, existing, type FirstPage, type Folded, projector } from '../projector.ts';
import { fieldsOfNew, type TaskEventOf } from '../task-fields.ts';
import { sortKey, words } from '../words.ts';

/** The sort key of a task without a deadline: after every date. */
const NEVER = '~';

/** A task as it is stored: the fields that lists show, and those to query by. Deleted tasks keep all fields, for TaskRestored. */
export type TaskListDocument = Omit<TaskSummary, 'id'> & {
  description: string;
  deleted: 0 | 1;
  /** The users whom the task concerns: maker and assignee. */
  members: string[];
  /** The words of title and description. */
  words: string[];
  titleKey: string;
  /** 0 (low) to 3 (urgent). */
  priorityRank: number;
  /** The deadline, or `~`, which sorts after every date. */
  deadlineKey: string;
};

function evolve(document: Folded<TaskListDocument>, recorded: RecordedEvent): TaskListDocument {
  const event = recorded as RecordedEvent & TaskEvent;
  if (event.type === 'TaskCreated') {
    beginning(document, recorded);
    return created(recorded, event.data);
  }
  return changed(existing(document, recorded), event);
}

function created(recorded: RecordedEvent, data: TaskEventOf<'TaskCreated'>['data']): TaskListDocument {
  const fields = fieldsOfNew(recorded, data);
  return {
    ...fields,
    comments: 0,
    deleted: 0,
    members: [fields.maker],
    words: words(`${fields.title} ${fields.description}`),
    titleKey: sortKey(fields.title),
    priorityRank: PRIORITIES.indexOf(fields.priority),
    deadlineKey: fields.deadline ?? NEVER,
  };
}

/** The task after one more event: one copy, its fields always in the same order, because a rebuild spends most of its time here. */
function changed(document: TaskListDocument, event: RecordedEvent & Exclude<TaskEvent, TaskEventOf<'TaskCreated'>>): TaskListDocument {
  const { time: updatedAt, revision } = event;
  switch (event.type) {
    case 'TaskAssigned':
      return { ...document, updatedAt, revision, assignee: event.data.userId, members: members(document.maker, event.data.userId) };
    case 'TaskEdited':
      return { ...document, updatedAt, revision, ...edits(document, event.data) };
    case 'TaskStatusChanged':
      return { ...document, updatedAt, revision, status: event.data.to };
    case 'TaskCommented':
      return { ...document, updatedAt, revision, comments: document.comments + 1 };
    case 'TaskWatched':
    case 'TaskUnwatched':
      return { ...document, updatedAt, revision };
    case 'TaskDeleted':
      return { ...document, updatedAt, revision, deleted: 1 };
    case 'TaskRestored':
      return { ...document, updatedAt, revision, deleted: 0 };
    default:
      event satisfies never;
      return document;
  }
}

function edits(document: TaskListDocument, data: TaskEventOf<'TaskEdited'>['data']): Partial<TaskListDocument> {
  const { title = document.title, description = document.description, deadline = document.deadline, priority = document.priority } = data;
  const reworded = title !== document.title || description !== document.description;
  const found = reworded ? { words: words(`${title} ${description}`), titleKey: sortKey(title) } : {};
  return { ...(data as Partial<TaskListDocument>), ...found, priorityRank: PRIORITIES.indexOf(priority), deadlineKey: deadline ?? NEVER };
}

function members(maker: string, assignee: string | null): string[] {
  return assignee && assignee !== maker ? [maker, assignee] : [maker];
}

/** The topic of every list of tasks, or of the lists of tasks that concern one user (as maker or assignee). */
export function taskListTopic(userId?: string): string {
  return userId ? `tasks:${userId}` : 'tasks';
}

function topics(before: Folded<TaskListDocument>, after: TaskListDocument | null): string[] {
  const people = new Set([...(before?.members ?? []), ...(after?.members ?? [])]);
  return [taskListTopic(), ...[...people].map(taskListTopic)];
}

/** The number of items of a list page where the client names none. */
export const PAGE = 50;

/** The first page of one user's open tasks, newest first: the query with which clients begin. */
export function openTasksOf(userId: string): Find {
  const status: Status = 'open';
  return tasksWhere([
    { field: 'assignee', op: 'eq', value: userId },
    { field: 'status', op: 'in', value: [status] },
  ]);
}

/** The query of tasks that are not deleted and meet the conditions, newest first; one more than a page, to see whether there is a next. */
export function tasksWhere(conditions: Condition[]): Find {
  return {
    where: [{ field: 'deleted', op: 'eq', value: 0 }, ...conditions],
    sort: [{ field: 'createdAt', descending: true }],
    limit: PAGE + 1,
  };
}

function pages(before: Folded<TaskListDocument>, after: TaskListDocument | null): FirstPage[] {
  const assignees = new Set([before?.assignee, after?.assignee].filter((one): one is string => typeof one === 'string'));
  return [...assignees].map((userId) => ({ topic: taskListTopic(userId), find: openTasksOf(userId) }));
}

export const taskList = projector<TaskListDocument>({
  model: {
    name: 'task_list',
    version: 2,
    fields: {
      deleted: 'number',
      status: 'text',
      assignee: 'text',
      members: 'texts',
      labels: 'texts',
      words: 'texts',
      createdAt: 'text',
      updatedAt: 'text',
      deadlineKey: 'text',
      priorityRank: 'number',
      titleKey: 'text',
    },
    indexes: [['assignee', 'createdAt'], ['createdAt'], ['updatedAt'], ['deadlineKey'], ['priorityRank'], ['titleKey']],
  },
  events: TASK_EVENT_TYPES,
  key: byStream,
  evolve,
  topics,
  pages,
});
