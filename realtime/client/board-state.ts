/**
 * The board's tasks, made of the server's tasks (`entries`) and of commands still on their way (`pending`).
 * Pure: every function takes a board and returns the next one, or the same one where nothing changes.
 */
import type { Position } from '../../contracts/message.ts';
import type { TaskEvent, TaskSummary } from '../../contracts/task.ts';

/** A change of a task, as live topics and command answers tell it. */
export interface TaskChange {
  /** The task's id. */
  id: string;
  /** The task's revision after this change: 0, 1, … */
  revision: number;
  position: Position;
  time: string;
  type: string;
  data: unknown;
}

/** The last state of a task that the server told. Deleted tasks are kept, so that late messages about them are recognised. */
export interface BoardEntry {
  task: TaskSummary;
  position: Position;
  deleted: boolean;
}

/** A command on its way, as the event that it will cause: shown as if it had happened. */
export interface Pending {
  key: string;
  id: string;
  event: TaskEvent;
  /** The revision that the command made, once the server has answered: the command is shown until the entry has this revision. */
  until?: number;
}

/** The revision and position that a task is known to have, and that its entry has not reached. */
export interface Gap {
  revision: number;
  position: Position;
}

export interface BoardState {
  entries: Readonly<Record<string, BoardEntry>>;
  pending: readonly Pending[];
  /** The tasks to ask the server for, by id: a change of theirs was missed, or they are not known. */
  gaps: Readonly<Record<string, Gap>>;
}

export const emptyBoard: BoardState = { entries: {}, pending: [], gaps: {} };

type TaskFields = Pick<TaskSummary, 'title' | 'status' | 'priority' | 'labels' | 'assignee' | 'deadline' | 'comments'>;

/** The fields of a task that an event changes. */
function changed(event: TaskEvent, task: TaskFields): Partial<TaskFields> {
  switch (event.type) {
    case 'TaskAssigned':
      return { assignee: event.data.userId };
    case 'TaskEdited': {
      const { description: _, ...fields } = event.data;
      return fields;
    }
    case 'TaskStatusChanged':
      return { status: event.data.to };
    case 'TaskCommented':
      return { comments: task.comments + 1 };
    default:
      return {};
  }
}

function created({ id, revision, time }: TaskChange, { data }: Extract<TaskEvent, { type: 'TaskCreated' }>): TaskSummary {
  const { title, maker, priority, labels, deadline = null } = data;
  return { id, title, status: 'open', priority, labels, maker, assignee: null, deadline, comments: 0, createdAt: time, updatedAt: time, revision };
}

/** The entry after one more event; undefined where the event cannot be applied to it. */
function evolve(entry: BoardEntry | undefined, change: TaskChange): BoardEntry | undefined {
  const event = { type: change.type, data: change.data } as TaskEvent;
  const { position, revision, time } = change;
  if (!entry) return event.type === 'TaskCreated' && revision === 0 ? { task: created(change, event), position, deleted: false } : undefined;
  if (revision !== entry.task.revision + 1) return undefined;
  const task = { ...entry.task, ...changed(event, entry.task), revision, updatedAt: time };
  return { task, position, deleted: event.type === 'TaskDeleted' || (entry.deleted && event.type !== 'TaskRestored') };
}

/** Folds a change into the board. A change at or before the task's revision changes nothing; one after a gap is noted in `gaps`. */
export function fold(board: BoardState, change: TaskChange): BoardState {
  const entry = board.entries[change.id];
  if (entry && change.revision <= entry.task.revision) return board;
  const next = evolve(entry, change);
  return next ? withEntry(board, next) : withGap(board, change.id, change);
}

function withEntry(board: BoardState, entry: BoardEntry): BoardState {
  const { id, revision } = entry.task;
  const entries = { ...board.entries, [id]: entry };
  const gap = board.gaps[id];
  const gaps = gap && gap.revision <= revision ? without(board.gaps, id) : board.gaps;
  return { entries, gaps, pending: waiting(board.pending, entries) };
}

/** The commands whose outcome is not among these entries yet. */
function waiting(pending: BoardState['pending'], entries: BoardState['entries']): BoardState['pending'] {
  const left = pending.filter(({ id, until }) => until === undefined || until > (entries[id]?.task.revision ?? Number.POSITIVE_INFINITY));
  return left.length === pending.length ? pending : left;
}

function withGap(board: BoardState, id: string, { revision, position }: Gap): BoardState {
  const known = board.gaps[id];
  if (known && known.revision >= revision) return board;
  return { ...board, gaps: { ...board.gaps, [id]: { revision, position } } };
}

function without<T>(record: Readonly<Record<string, T>>, key: string): Readonly<Record<string, T>> {
  const { [key]: _, ...rest } = record;
  return rest;
}

/**
 * Takes a list of tasks as the server had them at or after `position`. With `whole`, tasks that are not in the list and have no change
 * after `position` are removed.
 */
export function listed(board: BoardState, list: { items: readonly TaskSummary[]; position: Position; whole: boolean }): BoardState {
  const { items, position, whole } = list;
  const kept = whole ? Object.values(board.entries).filter((entry) => entry.position > position) : Object.values(board.entries);
  const entries: Record<string, BoardEntry> = Object.fromEntries(kept.map((entry) => [entry.task.id, entry]));
  for (const task of items) {
    const entry = board.entries[task.id];
    const newer = entry && entry.task.revision >= task.revision;
    entries[task.id] = newer ? { ...entry, position: later(entry.position, position) } : { task, position, deleted: false };
  }
  return { entries, gaps: open(board.gaps, entries), pending: waiting(board.pending, entries) };
}

/** The position at which a task is known to be there; undefined where nothing is known of it. */
export function knownAt({ entries, gaps }: Pick<BoardState, 'entries' | 'gaps'>, id: string): Position | undefined {
  return later(entries[id]?.position ?? '', gaps[id]?.position ?? '') || undefined;
}

function later(a: Position, b: Position): Position {
  return a > b ? a : b;
}

/** The gaps that these entries do not close. */
function open(gaps: BoardState['gaps'], entries: BoardState['entries']): BoardState['gaps'] {
  const left = Object.entries(gaps).filter(([id, gap]) => (entries[id]?.task.revision ?? -1) < gap.revision);
  return left.length === Object.keys(gaps).length ? gaps : Object.fromEntries(left);
}

/** Takes the answer to a question for one task. `task` is null where, at `position`, there is none that this user may see. */
export function asked(board: BoardState, id: string, answer: { task: TaskSummary | null; position: Position }): BoardState {
  const { task, position } = answer;
  if (task) return listed(board, { items: [task], position, whole: false });
  const entry = board.entries[id];
  const gap = board.gaps[id];
  const gaps = gap && gap.position <= position ? without(board.gaps, id) : board.gaps;
  const entries = entry && entry.position <= position ? without(board.entries, id) : board.entries;
  return { entries, gaps, pending: board.pending.filter((one) => one.id !== id || one.until === undefined || id in entries) };
}

/** Shows a command as if it had happened. */
export function begun(board: BoardState, pending: Pending): BoardState {
  return { ...board, pending: [...board.pending, pending] };
}

/** Takes the answer to a command. Its event stays shown until the task reaches its revision, by a change or a question: till then it is a gap. */
export function done(board: BoardState, key: string, { revision, position }: Gap): BoardState {
  const pending = board.pending.find((one) => one.key === key);
  if (!pending) return board;
  const known = board.entries[pending.id]?.task.revision ?? -1;
  if (known >= revision) return dropped(board, key);
  const settled = board.pending.map((one) => (one === pending ? { ...one, until: revision } : one));
  return withGap({ ...board, pending: settled }, pending.id, { revision, position });
}

/** Takes the answer to a command that made a task, which is a gap until its change is heard, or the server is asked. */
export function made(board: BoardState, id: string, { revision, position }: Gap): BoardState {
  const known = board.entries[id]?.task.revision ?? -1;
  return known >= revision ? board : withGap(board, id, { revision, position });
}

/** Takes back the event of a command that was refused. */
export function dropped(board: BoardState, key: string): BoardState {
  return { ...board, pending: board.pending.filter((one) => one.key !== key) };
}

/** The task as the board shows it, with the commands on their way; undefined where there is none, or it is deleted. */
export function shown(board: BoardState, id: string): TaskSummary | undefined {
  const entry = board.entries[id];
  if (!entry) return undefined;
  let { deleted, task } = entry;
  for (const { event } of board.pending.filter((one) => one.id === id)) {
    deleted = event.type === 'TaskDeleted' || (deleted && event.type !== 'TaskRestored');
    task = { ...task, ...changed(event, task) };
  }
  return deleted ? undefined : task;
}

/** All tasks as the board shows them. */
export function tasksOf(board: BoardState): TaskSummary[] {
  return Object.keys(board.entries).flatMap((id) => shown(board, id) ?? []);
}
