/** The task that is open: its description, comments and history, as new as the server. */
import type { TaskDetail } from '../../contracts/task.ts';
import { type Api, ApiError } from './api.ts';
import { knownAt } from './board-state.ts';
import type { Live, Subscription } from './live.ts';
import type { HistoryItem, Store } from './store.ts';

export interface TaskPage {
  /** Shows a task; null for none. */
  open(id: string | null): void;
  /** Asks for the open task anew, as it is at or after a position. */
  refresh(after?: string): Promise<void>;
}

export function createTaskPage({ api, store, live }: { api: Api; store: Store; live: Live }): TaskPage {
  let subscription: Subscription | undefined;
  /** Counts the questions: only the last one's answer is used. */
  let turn = 0;

  async function load(id: string, after?: string): Promise<string> {
    const mine = ++turn;
    const [task, history] = await Promise.all([
      api.get<TaskDetail>(`/api/tasks/${id}`, { after }),
      api.get<{ items: HistoryItem[] }>(`/api/tasks/${id}/history`, { after }),
    ]);
    if (mine === turn && store.get().open?.id === id) store.set({ open: { id, detail: task.body, history: history.body.items, trouble: null } });
    const [earlier = ''] = [task.position, history.position].sort();
    return earlier;
  }

  async function follow(id: string): Promise<void> {
    // What the board shows may be newer than what the server's lists have: a task that was just made is there.
    const position = await load(id, knownAt(store.get().board, id));
    if (store.get().open?.id !== id) return;
    subscription = live.subscribe(`task:${id}`, {
      after: position,
      // Changes of its files are the board's to follow.
      onChange: ({ stream, position }) => stream.startsWith('task-') && void load(id, position).catch((error) => failed(id, error)),
      onSnapshotNeeded: () => load(id),
      // The server decides whether the user may still see the task.
      onLeft: (reason) => void (reason === 'forbidden' ? load(id) : follow(id)).catch((error) => failed(id, error)),
    });
  }

  function failed(id: string, error: unknown): void {
    const { open } = store.get();
    if (open?.id !== id) return;
    const gone = error instanceof ApiError && error.status === 404;
    const trouble = gone ? 'There is no such task any more, or it is not yours to see.' : (error as Error).message;
    store.set({ open: { ...open, detail: gone ? null : open.detail, trouble } });
  }

  return {
    open(id) {
      if (store.get().open?.id === id) return;
      subscription?.close();
      subscription = undefined;
      turn++;
      store.set({ open: id ? { id, detail: null, history: [], trouble: null } : null });
      if (id) void follow(id).catch((error) => failed(id, error));
    },
    async refresh(after) {
      const id = store.get().open?.id;
      if (id) await load(id, after).catch((error) => failed(id, error));
    },
  };
}
