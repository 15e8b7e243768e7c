/** What the user may do, as the page offers it; the server decides by the same rules. */
import { mayChangeTask, type TaskParties } from '../../contracts/task.ts';
import type { AppState } from './store.ts';

/** The user's role: the one that the directory has, which may be newer than the session's; empty where nobody is logged in. */
function roleOf({ me, people }: Pick<AppState, 'me' | 'people'>): string {
  return me ? (people[me.id]?.role ?? me.role) : '';
}

/** True for an admin. */
export function isAdmin(state: Pick<AppState, 'me' | 'people'>): boolean {
  return roleOf(state) === 'admin';
}

/** True where the user may change this task, and delete it. */
export function mayChange(state: Pick<AppState, 'me' | 'people'>, task: TaskParties): boolean {
  return state.me !== null && mayChangeTask({ id: state.me.id, role: roleOf(state) }, task);
}
