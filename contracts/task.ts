/**
 * Task: events, commands, topics, views, an example of each.
 * Names and shapes of events are storage formats: add, never rename or remove.
 */
import { z } from 'zod';
import { aggregate, type Command, type DecidedEvent } from './aggregate.ts';
import { id, instant, line, prose } from './fields.ts';
import { personal } from './personal.ts';
import { repairState } from './repair-state.ts';
import { typedLine, typedProse } from './typed-text.ts';

export const STATUSES = ['open', 'in-progress', 'done', 'cancelled'] as const;
export const status = z.enum(STATUSES);
export type Status = z.infer<typeof status>;

/** From a status to those that may follow it. The same status again changes nothing; any other is a conflict. */
export const TRANSITIONS: Record<Status, readonly Status[]> = {
  open: ['in-progress', 'done', 'cancelled'],
  'in-progress': ['open', 'done', 'cancelled'],
  done: ['open'],
  cancelled: ['open'],
};

export const PRIORITIES = ['low', 'normal', 'high', 'urgent'] as const;
export const priority = z.enum(PRIORITIES);
export type Priority = z.infer<typeof priority>;

const title = line(1, 200);
const description = prose(0, 10_000);
const labels = z.array(line(1, 50)).max(20, 'at most 20 labels');
const commentText = prose(1, 10_000);
/** The same as they may be sent. */
const typed = {
  title: typedLine(1, 200),
  description: typedProse(0, 10_000),
  labels: z.array(typedLine(1, 50)).max(20, 'at most 20 labels'),
  commentText: typedProse(1, 10_000),
};

/** Reasons for which a task gets another assignee without anybody’s wish. */
const ASSIGNED_BECAUSE = ['user_deleted', 'repair_request'] as const;

const TaskCreated = z.strictObject({
  title: personal(title, 'author').describe('What is to be done, in one line.'),
  description: personal(description, 'author').optional().describe('More about it; missing where there is none.'),
  maker: id.describe('The user who made the task.'),
  userId: id.optional().describe('The assignee; missing where nobody is named.'),
  deadline: instant.optional().describe('When it is to be done; missing where there is no deadline.'),
  priority: priority.describe('How urgent it is.'),
  labels: personal(labels, 'author', []).describe('Words to find it by.'),
  repair: id.optional().describe('The repair request whose work it is; missing for any other task.'),
});
const TaskAssigned = z.strictObject({
  userId: id.nullable().describe('The new assignee; null for nobody.'),
  previous: id.nullable().describe('The assignee before; null for nobody.'),
  atCreation: z.boolean().describe('True where the command that made the task assigned it: TaskCreated has the same assignee.'),
  because: z
    .enum(ASSIGNED_BECAUSE)
    .optional()
    .describe(
      '`user_deleted`: the account of the assignee before was deleted, and nobody has the task since; `repair_request`: its repair request says so; missing where somebody assigned it.',
    ),
});
const TaskEdited = z.strictObject({
  title: personal(title, 'author').optional().describe('The new title.'),
  description: personal(description, 'author').optional().describe('The new description; empty takes the old one away.'),
  deadline: instant.nullable().optional().describe('The new deadline; null takes the old one away.'),
  priority: priority.optional().describe('The new priority.'),
  labels: personal(labels, 'author', []).optional().describe('All labels it has now.'),
});
const TaskStatusChanged = z.strictObject({
  from: status.describe('The status before.'),
  to: status.describe('The status now.'),
  because: z.enum(['repair_request']).optional().describe('`repair_request`: its repair request says so; missing where somebody moved it.'),
});
const TaskCommented = z.strictObject({
  commentId: id.describe('The id of the comment.'),
  text: personal(commentText, 'author').describe('What was said. Who said it is the event’s actor.'),
});
const TaskWatched = z.strictObject({ userId: id.describe('The user who watches the task from now on.') });
const TaskUnwatched = z.strictObject({ userId: id.describe('The user who does not watch the task any more, whatever they have to do with it.') });
const TaskDeleted = z.strictObject({});
const TaskRestored = z.strictObject({});

export type TaskEvent =
  | DecidedEvent<'TaskCreated', z.infer<typeof TaskCreated>>
  | DecidedEvent<'TaskAssigned', z.infer<typeof TaskAssigned>>
  | DecidedEvent<'TaskEdited', z.infer<typeof TaskEdited>>
  | DecidedEvent<'TaskStatusChanged', z.infer<typeof TaskStatusChanged>>
  | DecidedEvent<'TaskCommented', z.infer<typeof TaskCommented>>
  | DecidedEvent<'TaskWatched', z.infer<typeof TaskWatched>>
  | DecidedEvent<'TaskUnwatched', z.infer<typeof TaskUnwatched>>
  | DecidedEvent<'TaskDeleted', z.infer<typeof TaskDeleted>>
  | DecidedEvent<'TaskRestored', z.infer<typeof TaskRestored>>;

const CreateTask = z.strictObject({
  title: typed.title,
  description: typed.description.optional(),
  /** The assignee; null for nobody yet. */
  userId: id.nullable().optional(),
  deadline: instant.nullable().optional(),
  priority: priority.optional(),
  labels: typed.labels.optional(),
});
const EditTask = z.strictObject({
  title: typed.title.optional(),
  description: typed.description.optional(),
  deadline: instant.nullable().optional(),
  priority: priority.optional(),
  labels: typed.labels.optional(),
});
const AssignTask = z.strictObject({ userId: id.nullable() });
const ChangeTaskStatus = z.strictObject({ status });
const CommentTask = z.strictObject({ text: typed.commentText });

/** What the task of a repair request begins with. */
interface RepairTask {
  /** The id of the request. */
  repair: string;
  title: string;
  maker: string;
  userId: string;
  deadline: string | null;
  priority: Priority;
}

export type TaskCommand =
  | Command<'CreateTask', z.infer<typeof CreateTask>>
  | Command<'EditTask', z.infer<typeof EditTask>>
  | Command<'AssignTask', z.infer<typeof AssignTask>>
  /** Takes a task from a user who was deleted, where they still have it. No route: the system’s own. */
  | Command<'UnassignTask', { userId: string }>
  /** Begins the task of a repair request. No route: the system’s own. */
  | Command<'StartRepairTask', RepairTask>
  /** Brings the task of a repair request into step with it, in the fields that are named. No route: the system’s own. */
  | Command<'FollowRepair', Partial<Pick<RepairTask, 'deadline' | 'priority'> & { assignee: string | null; status: Status }>>
  | Command<'ChangeTaskStatus', z.infer<typeof ChangeTaskStatus>>
  | Command<'CommentTask', z.infer<typeof CommentTask>>
  | Command<'WatchTask', null>
  | Command<'UnwatchTask', null>
  | Command<'DeleteTask', null>
  | Command<'RestoreTask', null>;

/** The statuses of a task that somebody still has to do. */
export const UNFINISHED = ['open', 'in-progress'] as const satisfies readonly Status[];

/** The users whom a task concerns. */
export interface TaskParties {
  maker: string;
  assignee: string | null;
}

/** True where somebody may read a task, deleted or not. `seesAll`: they may read every task. */
export function mayReadTask({ id, seesAll }: { id: string; seesAll: boolean }, { maker, assignee }: TaskParties): boolean {
  return seesAll || id === maker || id === assignee;
}

/** True where somebody may change a task that is there: its maker, its assignee, or an admin. Who only reads it comments on it and watches it. */
export function mayChangeTask({ id, role }: { id: string; role: string }, { maker, assignee }: TaskParties): boolean {
  return role === 'admin' || id === maker || id === assignee;
}

/** The words for who may not. */
export const NOT_YOURS_TO_CHANGE = 'You change only tasks that you made or that are assigned to you.';

/** The rooms of a task's event: the board's, the task's own, and those of its people before and after the event. */
export function taskTopics(stream: string, before: TaskParties | null, after: TaskParties): string[] {
  const people = [before?.maker, before?.assignee, after.maker, after.assignee].filter((one): one is string => typeof one === 'string');
  return ['tasks', stream.replace('-', ':'), ...[...new Set(people)].map((person) => `user:${person}`)];
}

const ALICE = '0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e01';
const BOB = '5c1d9a5e-0b57-4e39-9d0e-6a7b8c9d0e02';

export const taskContract = aggregate({
  category: 'task',
  topics: {
    tasks: {
      of: 'all',
      tells: 'every event of every task, and of the files on tasks and their comments',
      followers: 'who may read all tasks',
      mayFollow: ({ seesAll }) => seesAll,
    },
    task: {
      of: 'one',
      tells: 'every event of one task, and of the files on it and its comments',
      followers: 'who may read all tasks, its maker, its assignee',
      mayFollow: ({ seesAll }) => seesAll,
      mayFollowIf: ({ id }, { maker, assignee }: TaskParties) => id === maker || id === assignee,
      lostBy: {
        TaskAssigned: { users: ({ previous }: z.infer<typeof TaskAssigned>) => (previous === null ? [] : [previous]), reason: 'unassigned' },
      },
    },
  },
  events: {
    TaskCreated: {
      begins: true,
      schema: TaskCreated,
      version: 1,
      summary: 'A task was made; its status is `open`.',
      example: {
        title: 'Replace the lamp in the hall',
        description: 'The one beside the lift flickers.',
        maker: ALICE,
        userId: BOB,
        deadline: '2027-01-31T16:00:00.000Z',
        priority: 'high',
        labels: ['electrics'],
      },
    },
    TaskAssigned: {
      schema: TaskAssigned,
      version: 1,
      summary: 'A task got another assignee, or none.',
      example: { userId: BOB, previous: null, atCreation: false },
    },
    TaskEdited: {
      schema: TaskEdited,
      version: 1,
      summary: 'Fields of a task changed; only those that did are named.',
      example: { title: 'Replace both lamps in the hall', deadline: null },
    },
    TaskStatusChanged: {
      schema: TaskStatusChanged,
      version: 1,
      summary: 'A task moved to another status.',
      example: { from: 'open', to: 'in-progress' },
    },
    TaskCommented: {
      schema: TaskCommented,
      version: 1,
      summary: 'Somebody commented on a task.',
      example: { commentId: '9e8d7c6b-5a49-4838-8271-605f4e3d2c03', text: 'The spare lamps are in the cellar.' },
    },
    TaskWatched: { schema: TaskWatched, version: 1, summary: 'A user asked to be told what happens to a task.', example: { userId: BOB } },
    TaskUnwatched: {
      schema: TaskUnwatched,
      version: 1,
      summary: 'A user asked not to be told any more what happens to a task.',
      example: { userId: BOB },
    },
    TaskDeleted: { schema: TaskDeleted, version: 1, summary: 'A task was deleted: lists leave it out. Its history stays.', example: {} },
    TaskRestored: { schema: TaskRestored, version: 1, summary: 'A deleted task came back as it was before: same fields, same status.', example: {} },
  },
  commands: {
    CreateTask: {
      method: 'POST',
      path: '/api/tasks',
      body: CreateTask,
      who: 'user',
      limit: 'mails',
      summary: 'Make a task, for somebody or for nobody yet.',
      example: {
        title: 'Replace the lamp in the hall',
        description: 'The one beside the lift flickers.',
        deadline: '2027-01-31T17:00:00+01:00',
        priority: 'high',
        labels: ['electrics'],
      },
    },
    EditTask: {
      method: 'PATCH',
      path: '/api/tasks/:id',
      body: EditTask,
      who: 'user',
      limit: 'mails',
      // Maker and assignee are mailed when it has passed, which may be in a second.
      limitedWith: ({ deadline }: z.infer<typeof EditTask>) => typeof deadline === 'string',
      summary: 'Change fields of a task.',
      example: { title: 'Replace both lamps in the hall', deadline: null },
    },
    DeleteTask: { method: 'DELETE', path: '/api/tasks/:id', body: null, who: 'user', summary: 'Delete a task; its history stays.', example: null },
    AssignTask: {
      method: 'PUT',
      path: '/api/tasks/:id/assignee',
      body: AssignTask,
      who: 'user',
      limit: 'mails',
      summary: 'Give a task to an active user, or with null to nobody.',
      example: { userId: BOB },
    },
    ChangeTaskStatus: {
      method: 'PUT',
      path: '/api/tasks/:id/status',
      body: ChangeTaskStatus,
      who: 'user',
      limit: 'mails',
      summary: 'Move a task: open → in-progress, done, cancelled; in-progress → open, done, cancelled; done, cancelled → open.',
      example: { status: 'in-progress' },
    },
    CommentTask: {
      method: 'POST',
      path: '/api/tasks/:id/comments',
      body: CommentTask,
      who: 'user',
      limit: 'mails',
      summary: 'Comment on a task (1,000 comments and 200,000 characters in all at most).',
      example: { text: 'The spare lamps are in the cellar.' },
    },
    WatchTask: {
      method: 'PUT',
      path: '/api/tasks/:id/watchers/me',
      limit: 'watching',
      body: null,
      who: 'user',
      summary: 'Watch a task that you may read: comments and changes of status are told to you (200 users at most ask for it).',
      example: null,
    },
    UnwatchTask: {
      method: 'DELETE',
      path: '/api/tasks/:id/watchers/me',
      limit: 'watching',
      body: null,
      who: 'user',
      summary: 'Watch a task no more, also as its maker or assignee, until you watch it or are assigned anew.',
      example: null,
    },
    RestoreTask: {
      method: 'POST',
      path: '/api/tasks/:id/restore',
      body: null,
      who: 'user',
      summary: 'Bring a deleted task back (its maker or an admin).',
      example: null,
    },
  },
});

/** The types of a task's events, for read models that show whole tasks. */
export const TASK_EVENT_TYPES: readonly string[] = Object.keys(taskContract.events);

/** A task in a list, as `GET /api/tasks` shows it. */
export const taskSummaryView = z.strictObject({
  id,
  title,
  status,
  priority,
  labels,
  maker: id,
  assignee: id.nullable(),
  deadline: instant.nullable(),
  comments: z.int().nonnegative().meta({ description: 'How many comments it has.' }),
  createdAt: instant,
  updatedAt: instant,
  revision: z.int().nonnegative(),
});
export type TaskSummary = z.infer<typeof taskSummaryView>;

/** A whole task, as `GET /api/tasks/:id` shows it. */
export const taskDetailView = taskSummaryView.omit({ comments: true }).extend({
  description,
  comments: z.array(z.strictObject({ id, author: id, text: commentText, time: instant })),
  watching: z.boolean().meta({ description: 'True where the caller watches it.' }),
  watchers: z.int().nonnegative().meta({ description: 'How many users watch it.' }),
  repair: z
    .strictObject({ id, title: z.string(), description: z.string(), state: repairState })
    .optional()
    .meta({ description: 'The repair request whose work it is, for who sees that. Its pictures are `GET /api/media?repair=<id>`.' }),
});
export type TaskDetail = z.infer<typeof taskDetailView>;
