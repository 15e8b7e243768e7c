/** Computed parts of the state: each is computed once for each state of its sources. */
import type { TaskSummary } from '../../contracts/task.ts';
import { type BoardState, tasksOf } from './board-state.ts';
import { type BoardFilters, passes } from './board-view.ts';
import type { AppState } from './store.ts';

let tasks: { board: BoardState; tasks: TaskSummary[] } | undefined;

/** All tasks that are not deleted. */
export function allTasks({ board }: Pick<AppState, 'board'>): TaskSummary[] {
  if (tasks?.board !== board) tasks = { board, tasks: tasksOf(board) };
  return tasks.tasks;
}

let visible: { of: TaskSummary[]; filters: BoardFilters; found: ReadonlySet<string>; tasks: TaskSummary[] } | undefined;

/** The tasks that pass the filters. */
export function visibleTasks(state: Pick<AppState, 'board' | 'filters' | 'found'>): TaskSummary[] {
  const { filters, found } = state;
  const of = allTasks(state);
  if (visible?.of !== of || visible.filters !== filters || visible.found !== found) {
    visible = { of, filters, found, tasks: of.filter((task) => passes(task, filters, found)) };
  }
  return visible.tasks;
}
