/** Task: the rules of making, assigning, changing, commenting, deleting and restoring. */
import { utc } from '../../contracts/fields.ts';
import type { Metadata } from '../../contracts/message.ts';
import type { Refusal } from '../../contracts/problem.ts';
import {
  mayChangeTask,
  NOT_YOURS_TO_CHANGE,
  type Priority,
  type Status,
  type TaskCommand,
  type TaskEvent,
  type TaskParties,
  TRANSITIONS,
  taskTopics,
  UNFINISHED,
} from '../../contracts/task.ts';
import { MOST_WATCHERS, NOBODY_ASKED, type Watching, watchingAfter } from '../../contracts/watchers.ts';
import { stableId } from '../../platform/stable-id.ts';
import { decider, type Facts } from '../decider.ts';
import { followRepair, startRepairTask } from './repair-task.ts';
import type { UserState } from './user.ts';

export interface TaskState extends TaskParties {
  exists: boolean;
  deleted: boolean;
  status: Status;
  title: string;
  description: string;
  deadline: string | null;
  priority: Priority;
  labels: readonly string[];
  /** The number of the task's comments, and of their characters (UTF-16 units) together. */
  comments: number;
  commentCharacters: number;
  /** Who wrote each of its comments, by their ids: a file on one of them names both, and is its author's to add. */
  commented: Readonly<Record<string, string>>;
  watchers: Watching;
  /** The repair request whose work it is; null for any other task. */
  repair: string | null;
}

export const initial: TaskState = {
  exists: false,
  deleted: false,
  maker: '',
  assignee: null,
  status: 'open',
  title: '',
  description: '',
  deadline: null,
  priority: 'normal',
  labels: [],
  comments: 0,
  commentCharacters: 0,
  commented: {},
  watchers: NOBODY_ASKED,
  repair: null,
};

type CommandOf<T extends TaskCommand['type']> = Extract<TaskCommand, { type: T }>;
type Decision = TaskEvent[] | Refusal;

function decide(command: TaskCommand, state: TaskState, facts: Facts): Decision {
  if (command.type === 'CreateTask') return create(command, state, facts);
  if (isOfSystem(command)) return decideOfSystem(command, state);
  return forbids(command, state) ?? decideExisting(command, state, facts);
}

/** The commands that no route gives. */
type OfSystem = CommandOf<'UnassignTask' | 'StartRepairTask' | 'FollowRepair'>;
const OF_SYSTEM: readonly TaskCommand['type'][] = ['UnassignTask', 'StartRepairTask', 'FollowRepair'] satisfies OfSystem['type'][];

function isOfSystem(command: TaskCommand): command is OfSystem {
  return OF_SYSTEM.includes(command.type);
}

function decideOfSystem(command: OfSystem, state: TaskState): Decision {
  if (command.type === 'UnassignTask') return unassign(command, state);
  return command.type === 'StartRepairTask' ? startRepairTask(command, state) : followRepair(command, state);
}

function decideExisting(command: Exclude<TaskCommand, OfSystem | CommandOf<'CreateTask'>>, state: TaskState, facts: Facts): Decision {
  switch (command.type) {
    case 'EditTask':
      return edit(command, state);
    case 'AssignTask':
      return assign(command, state, facts);
    case 'ChangeTaskStatus':
      return changeStatus(command, state);
    case 'CommentTask':
      return comment(command, state);
    case 'WatchTask':
      return watch(command, state);
    case 'UnwatchTask':
      return unwatch(command, state);
    case 'DeleteTask':
      return [{ type: 'TaskDeleted', data: {} }];
    case 'RestoreTask':
      return state.deleted ? [{ type: 'TaskRestored', data: {} }] : [];
    default:
      return command satisfies never;
  }
}

/** The refusal where the actor may not: makers and admins may do all, assignees all but restore, others comment on and watch what they can read. */
function forbids({ actor, type }: TaskCommand, state: TaskState): Refusal | undefined {
  if (!isThere(state, type)) return NOT_FOUND;
  if (actor.role === 'admin' || state.maker === actor.id) return undefined;
  if (mayChangeTask(actor, state)) return type === 'RestoreTask' ? NOT_YOURS_TO_RESTORE : undefined;
  return actor.seesAll ? forbiddenToReaders(type) : NOT_FOUND;
}

function isThere(state: TaskState, type: TaskCommand['type']): boolean {
  return state.exists && (!state.deleted || type === 'RestoreTask');
}

const NOT_YOURS_TO_RESTORE: Refusal = { refused: 'forbidden', detail: 'Only the one who made a task, or an admin, brings it back.' };
const NOT_FOUND: Refusal = { refused: 'not_found', detail: 'There is no such task.' };

/** The commands of everybody who can read a task. */
const OF_READERS: readonly TaskCommand['type'][] = ['CommentTask', 'WatchTask', 'UnwatchTask'];

function forbiddenToReaders(type: TaskCommand['type']): Refusal | undefined {
  if (OF_READERS.includes(type)) return undefined;
  return { refused: 'forbidden', detail: NOT_YOURS_TO_CHANGE };
}

function create(command: CommandOf<'CreateTask'>, state: TaskState, facts: Facts): Decision {
  if (state.exists) return { refused: 'conflict', detail: 'This task exists already.' };
  const { userId, deadline } = command.data;
  const refusal = (deadline && past(deadline, command.now)) || (userId && inactive(userId, facts));
  if (refusal) return refusal;
  const created: TaskEvent = { type: 'TaskCreated', data: described(command) };
  return userId ? [created, { type: 'TaskAssigned', data: { userId, previous: null, atCreation: true } }] : [created];
}

function described({ data, actor }: CommandOf<'CreateTask'>): Extract<TaskEvent, { type: 'TaskCreated' }>['data'] {
  return {
    title: data.title,
    ...(data.description ? { description: data.description } : {}),
    maker: actor.id,
    ...(data.userId ? { userId: data.userId } : {}),
    ...(data.deadline ? { deadline: utc(data.deadline) } : {}),
    priority: data.priority ?? 'normal',
    labels: [...new Set(data.labels)],
  };
}

function edit(command: CommandOf<'EditTask'>, state: TaskState): Decision {
  const { data } = command;
  const deadline = data.deadline ? utc(data.deadline) : data.deadline;
  if (deadline && deadline !== state.deadline) {
    const refusal = past(deadline, command.now);
    if (refusal) return refusal;
  }
  const wanted = { ...data, deadline, labels: data.labels && [...new Set(data.labels)] };
  const changes = Object.fromEntries(
    Object.entries(wanted).filter(([field, value]) => value !== undefined && !same(value, state[field as keyof TaskState])),
  );
  return Object.keys(changes).length === 0 ? [] : [{ type: 'TaskEdited', data: changes }];
}

function same(a: unknown, b: unknown): boolean {
  return a === b || (Array.isArray(a) && JSON.stringify(a) === JSON.stringify(b));
}

function assign(command: CommandOf<'AssignTask'>, state: TaskState, facts: Facts): Decision {
  const { userId } = command.data;
  if (userId === state.assignee) return [];
  const refusal = userId && inactive(userId, facts);
  return refusal || [{ type: 'TaskAssigned', data: { userId, previous: state.assignee, atCreation: false } }];
}

/**
 * Takes an unfinished task from a user who was deleted, where it is still theirs. One that is done or cancelled keeps its assignee, as the record of who
 * had it, until it is opened again; so does a deleted one until it is restored.
 */
function unassign({ data: { userId } }: CommandOf<'UnassignTask'>, state: TaskState): Decision {
  if (!awaitsAssignee(state) || state.assignee !== userId) return [];
  return [{ type: 'TaskAssigned', data: { userId: null, previous: userId, atCreation: false, because: 'user_deleted' } }];
}

/** True for a task that somebody has to do. */
export function awaitsAssignee({ exists, deleted, status }: Pick<TaskState, 'exists' | 'deleted' | 'status'>): boolean {
  return exists && !deleted && (UNFINISHED as readonly Status[]).includes(status);
}

/** The bounds of a task's comments, because a whole task is one document, read and written as one. */
const MOST_COMMENTS = 1_000;
const MOST_COMMENT_CHARACTERS = 200_000;

function comment({ commandId, data }: CommandOf<'CommentTask'>, state: TaskState): Decision {
  if (state.comments < MOST_COMMENTS && state.commentCharacters + data.text.length <= MOST_COMMENT_CHARACTERS) {
    return [{ type: 'TaskCommented', data: { commentId: stableId(commandId, 'comment'), text: data.text } }];
  }
  const detail = `A task takes ${MOST_COMMENTS} comments with ${MOST_COMMENT_CHARACTERS} characters in all; this one is full. Go on in another task.`;
  return { refused: 'conflict', detail };
}

/** Recorded also of a maker or an assignee: who asked goes on watching when the task is another's. */
function watch({ actor }: CommandOf<'WatchTask'>, { watchers: { watching } }: TaskState): Decision {
  if (watching.includes(actor.id)) return [];
  if (watching.length < MOST_WATCHERS) return [{ type: 'TaskWatched', data: { userId: actor.id } }];
  return { refused: 'conflict', detail: `${MOST_WATCHERS} users asked to watch this task already; more cannot.` };
}

/** Recorded also of who does not watch yet: a comment of theirs does not make them watch. */
function unwatch({ actor }: CommandOf<'UnwatchTask'>, { watchers: { away } }: TaskState): Decision {
  return away.includes(actor.id) ? [] : [{ type: 'TaskUnwatched', data: { userId: actor.id } }];
}

function changeStatus(command: CommandOf<'ChangeTaskStatus'>, state: TaskState): Decision {
  const to = command.data.status;
  if (to === state.status) return [];
  if (TRANSITIONS[state.status].includes(to)) return [{ type: 'TaskStatusChanged', data: { from: state.status, to } }];
  const allowed = TRANSITIONS[state.status].join(', ');
  return {
    refused: 'conflict',
    detail: `A task that is ${state.status} cannot become ${to}; it can become ${allowed}.`,
    errors: [{ pointer: '/status', detail: `must be one of: ${allowed}` }],
  };
}

function past(deadline: string, now: string): Refusal | undefined {
  if (utc(deadline) > now) return undefined;
  return { refused: 'invalid', detail: 'The deadline has passed already.', errors: [{ pointer: '/deadline', detail: 'must be in the future' }] };
}

function inactive(userId: string, facts: Facts): Refusal | undefined {
  const user = facts[userId] as UserState | undefined;
  if (user?.exists && !user.deleted) return undefined;
  return { refused: 'invalid', detail: 'The assignee is not an active user.', errors: [{ pointer: '/userId', detail: 'must be an active user' }] };
}

/** By whom an event was made; missing of one that was decided just now, whose state is for its topics alone. */
type Told = { metadata?: Pick<Metadata, 'actor'> };

export function evolve(before: TaskState, event: TaskEvent & Told): TaskState {
  const watchers = watchingAfter(before.watchers, event);
  const state = watchers === before.watchers ? before : { ...before, watchers };
  switch (event.type) {
    case 'TaskCreated': {
      const { title, description = '', maker, deadline = null, priority, labels, repair = null } = event.data;
      return { ...initial, exists: true, title, description, maker, deadline, priority, labels, repair };
    }
    case 'TaskAssigned':
      return { ...state, assignee: event.data.userId };
    case 'TaskEdited':
      return { ...state, ...(event.data as Partial<TaskState>) };
    case 'TaskStatusChanged':
      return { ...state, status: event.data.to };
    case 'TaskCommented':
      return commentedAfter(state, event);
    case 'TaskWatched':
    case 'TaskUnwatched':
      return state;
    case 'TaskDeleted':
      return { ...state, deleted: true };
    case 'TaskRestored':
      return { ...state, deleted: false };
    default:
      // No event comes here: an unknown one is not given to a fold (invariant 17).
      event satisfies never;
      return state;
  }
}

function commentedAfter(state: TaskState, { data, metadata }: Extract<TaskEvent, { type: 'TaskCommented' }> & Told): TaskState {
  const { comments, commentCharacters, commented } = state;
  return {
    ...state,
    comments: comments + 1,
    commentCharacters: commentCharacters + data.text.length,
    commented: { ...commented, [data.commentId]: metadata?.actor ?? '' },
  };
}

export const task = decider<TaskState, TaskCommand, TaskEvent>({
  initial,
  stateVersion: 6,
  decide,
  evolve,
  topics: (stream, { before, after }) => taskTopics(stream, before.exists ? before : null, after),
  needs: (command): Record<string, string> => {
    const userId = command.type === 'CreateTask' || command.type === 'AssignTask' ? command.data.userId : null;
    return userId ? { [userId]: `user-${userId}` } : {};
  },
});
