/**
 * Finds out who of those that the page names was deleted: the directory has them no more, and they are told apart from backends, which are in no directory
 * either, by what the server says of each.
 */
import { FORMER_USER } from '../../contracts/problem.ts';
import type { TaskEvent } from '../../contracts/task.ts';
import { type Api, ApiError } from './api.ts';
import type { AppState, Store } from './store.ts';

/** Questions at once, and at most until the page is loaded again. */
const AT_ONCE = 8;
const MOST = 400;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The name of somebody by id: the directory's, or what else is known of them. */
export function nameIn({ people, former }: Pick<AppState, 'people' | 'former'>, id: string): string {
  return people[id]?.name ?? (former.has(id) ? 'a former user' : 'somebody');
}

export interface Former {
  close(): void;
}

/** Looks after the names that are shown, until it is closed. Nothing is asked before the directory was. */
export function startFormer({ api, store, me }: { api: Pick<Api, 'get'>; store: Store; me: { id: string } }): Former {
  /** Those of whom the server has said whether they were deleted. */
  const known = new Set<string>();
  /** How often each was asked for, and all together. */
  const asked = new Map<string, number>();
  let questions = 0;
  let seen: Pick<AppState, 'board' | 'open' | 'people'> | undefined;
  let asking = false;
  let closed = false;

  const timesAsked = (id: string) => asked.get(id) ?? 0;

  function look(): void {
    const { board, open, people } = store.get();
    const isSeen = seen?.board === board && seen.open === open && seen.people === people;
    if (closed || asking || isSeen || !(me.id in people)) return;
    const unknown = [...shownIn({ board, open })].filter((id) => UUID.test(id) && !(id in people) && !known.has(id));
    seen = { board, open, people };
    // Of whom there was no answer comes behind the others.
    const next = unknown.toSorted((one, other) => timesAsked(one) - timesAsked(other)).slice(0, AT_ONCE);
    if (next.length > 0 && questions < MOST) void ask(next);
  }

  async function ask(ids: string[]): Promise<void> {
    asking = true;
    questions += ids.length;
    for (const id of ids) asked.set(id, timesAsked(id) + 1);
    const answers = await Promise.all(ids.map(async (id) => ((await isFormer(id)) ? [id] : [])));
    asking = false;
    const found = answers.flat();
    if (!closed && found.length > 0) store.set({ former: new Set([...store.get().former, ...found]) });
    // There may be more of them; of whom there was no answer is asked when something else is shown.
    if (ids.every((id) => known.has(id))) seen = undefined;
    look();
  }

  async function isFormer(id: string): Promise<boolean> {
    try {
      await api.get(`/api/users/${id}`);
      known.add(id);
      return false;
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) return false;
      known.add(id);
      return error.type === FORMER_USER;
    }
  }

  const unsubscribe = store.subscribe(look);
  look();
  return {
    close: () => {
      closed = true;
      unsubscribe();
    },
  };
}

/** The ids of everybody whom the board and the open task name. */
function shownIn({ board, open }: Pick<AppState, 'board' | 'open'>): Set<string> {
  const ids = new Set<string | null>();
  for (const { task } of Object.values(board.entries)) if (task) ids.add(task.maker).add(task.assignee);
  if (open?.detail) ids.add(open.detail.maker).add(open.detail.assignee);
  for (const { author } of open?.detail?.comments ?? []) ids.add(author);
  for (const { actor, ...event } of open?.history ?? []) ids.add(actor).add(assigneeIn(event));
  ids.delete(null);
  return ids as Set<string>;
}

function assigneeIn(event: { type: string; data: unknown }): string | null {
  const one = event as TaskEvent;
  return one.type === 'TaskAssigned' ? one.data.userId : null;
}
