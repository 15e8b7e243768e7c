/** The view of the board: filters, columns, order, and the ways of the arrow keys. Pure. */
import { PRIORITIES, STATUSES, type Status, type TaskSummary, TRANSITIONS } from '../../contracts/task.ts';

export interface BoardFilters {
  /** Words; each must begin a word of the title or of a label. */
  text: string;
  /** A user's id, `none`, or empty for everybody. */
  assignee: string;
  /** A label, or empty for all. */
  label: string;
}

export const noFilters: BoardFilters = { text: '', assignee: '', label: '' };

export const STATUS_NAMES: Record<Status, string> = { open: 'Open', 'in-progress': 'In progress', done: 'Done', cancelled: 'Cancelled' };

/** Tasks by status, each column in its order. */
export type Columns = Record<Status, TaskSummary[]>;

/** The words of a text, as the server compares them. */
export function wordsIn(text: string): string[] {
  return (
    text
      .normalize('NFKC')
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? []
  );
}

/** True where a task passes the filters. `found`: ids of tasks whose description the server found to match. */
export function passes(task: TaskSummary, filters: BoardFilters, found: ReadonlySet<string>): boolean {
  if (filters.assignee && (task.assignee ?? 'none') !== filters.assignee) return false;
  if (filters.label && !task.labels.includes(filters.label)) return false;
  return found.has(task.id) || matches(task, filters.text);
}

function matches(task: TaskSummary, text: string): boolean {
  const wanted = wordsIn(text);
  // Signs alone are no word, and so the beginning of none.
  if (wanted.length === 0) return text.trim() === '';
  const own = wordsIn([task.title, ...task.labels].join(' '));
  return wanted.every((word) => own.some((one) => one.startsWith(word)));
}

/** The order of a column: open work by priority (most urgent first), then deadline, then age (oldest first); finished work with the last first. */
function before(a: TaskSummary, b: TaskSummary): number {
  const finished = a.status === 'done' || a.status === 'cancelled';
  if (finished) return compare(b.updatedAt, a.updatedAt) || compare(a.id, b.id);
  const urgency = PRIORITIES.indexOf(b.priority) - PRIORITIES.indexOf(a.priority);
  return urgency || compare(a.deadline ?? '~', b.deadline ?? '~') || compare(a.createdAt, b.createdAt) || compare(a.id, b.id);
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Sorts tasks into columns. */
export function columnsOf(tasks: readonly TaskSummary[]): Columns {
  const columns: Columns = { open: [], 'in-progress': [], done: [], cancelled: [] };
  for (const task of tasks) columns[task.status].push(task);
  for (const status of STATUSES) columns[status].sort(before);
  return columns;
}

/** All labels in use, in alphabetical order. */
export function labelsOf(tasks: readonly TaskSummary[]): string[] {
  return [...new Set(tasks.flatMap((task) => task.labels))].sort((a, b) => a.localeCompare(b));
}

/** True where a task may go from one status to the other. */
export function mayMove(from: Status, to: Status): boolean {
  return TRANSITIONS[from].includes(to);
}

/** The reason why a task cannot go to a status, in words. */
export function whyNot(from: Status, to: Status): string {
  const allowed = TRANSITIONS[from].map((status) => STATUS_NAMES[status].toLowerCase()).join(' or ');
  return `A task that is ${STATUS_NAMES[from].toLowerCase()} cannot become ${STATUS_NAMES[to].toLowerCase()}, only ${allowed}.`;
}

/** The next status that a task may go to, `step` columns to the left (-1) or right (1). */
export function nextStatus(from: Status, step: -1 | 1): Status | undefined {
  for (let at = STATUSES.indexOf(from) + step; at >= 0 && at < STATUSES.length; at += step) {
    const to = STATUSES[at];
    if (to && mayMove(from, to)) return to;
  }
  return undefined;
}

/** The id of the task that an arrow key leads to: up and down in the column, left and right to the next column with a task. */
export function neighbour(columns: Columns, id: string, key: string): string | undefined {
  const status = STATUSES.find((one) => columns[one].some((task) => task.id === id));
  if (!status) return undefined;
  const column = columns[status];
  const at = column.findIndex((task) => task.id === id);
  const inColumn: Record<string, number> = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: column.length - 1 };
  const index = inColumn[key];
  if (index !== undefined) return column[index]?.id;
  return besides(columns, status, { at, step: key === 'ArrowLeft' ? -1 : 1 });
}

function besides(columns: Columns, from: Status, { at, step }: { at: number; step: -1 | 1 }): string | undefined {
  for (let next = STATUSES.indexOf(from) + step; next >= 0 && next < STATUSES.length; next += step) {
    const column = columns[STATUSES[next] ?? from];
    const task = column[Math.min(at, column.length - 1)];
    if (task) return task.id;
  }
  return undefined;
}
