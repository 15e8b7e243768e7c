/** The user's actions. A change is shown at once; where the server refuses it, the change is taken back and the reason shown. */
import type { Priority, Status, TaskDetail, TaskEvent, TaskSummary } from '../../contracts/task.ts';
import { type Api, ApiError, type Done, type Reply, uuid } from './api.ts';
import { begun, done, dropped, made, shown } from './board-state.ts';
import { mayMove, STATUS_NAMES, whyNot } from './board-view.ts';
import { edited } from './edited.ts';
import type { HistoryItem, Note, Store } from './store.ts';
import type { TaskPage } from './task-page.ts';
import { watchSaid } from './words.ts';

/** The fields of a task in a form. */
export interface TaskFields {
  title: string;
  description: string;
  /** An instant (ISO 8601, UTC), or null for none. */
  deadline: string | null;
  priority: Priority;
  labels: string[];
}

export interface Actions {
  /** Makes a task and resolves to its id. Rejects with ApiError. */
  create(fields: TaskFields & { userId: string | null }): Promise<string>;
  /** Changes fields. `seen`: the task as the user saw it; undefined for any. Rejects with ApiError: 412 where a field was changed meanwhile. */
  edit(id: string, fields: Partial<TaskFields>, seen: TaskDetail | undefined): Promise<void>;
  move(id: string, to: Status): void;
  assign(id: string, userId: string | null): void;
  /** Adds a comment. Rejects with ApiError. */
  comment(id: string, text: string): Promise<Done>;
  /** Resolves to the id of the comment that was made by a command with this answer; null where the task's history does not have it. Rejects with ApiError. */
  commentOf(answer: Done): Promise<string | null>;
  /** Has the user watch the task, or watch it no more. A refusal is shown. */
  watch(id: string, wanted: boolean): Promise<void>;
  remove(id: string): void;
  restore(id: string): void;
  /** Restores the task that was deleted last. */
  undo(): void;
  note(note: Omit<Note, 'id'>): void;
  dismiss(id: number): void;
  say(text: string): void;
}

export function createActions({ api, store, page }: { api: Api; store: Store; page: () => TaskPage | undefined }): Actions {
  /** The last command of each task: commands on one task go one after the other. */
  const queues = new Map<string, Promise<unknown>>();
  let notes = 0;
  let deleted: string | undefined;

  function note(one: Omit<Note, 'id'>): void {
    store.set({ notes: [...store.get().notes.slice(-3), { ...one, id: ++notes }] });
  }

  function titleOf(id: string): string {
    return store.get().board.entries[id]?.task.title ?? 'The task';
  }

  /** Sends a command after those before it on the same task. */
  function inTurn<T>(id: string, send: () => Promise<T>): Promise<T> {
    const turn = (queues.get(id) ?? Promise.resolve()).then(send, send);
    queues.set(id, turn);
    return turn;
  }

  /** Shows the event at once, sends the command, and takes it back where it is refused. */
  function optimistic(id: string, event: TaskEvent, send: (key: string) => Promise<Done>): Promise<boolean> {
    const key = uuid();
    store.set({ board: begun(store.get().board, { key, id, event }) });
    return inTurn(id, () => send(key)).then(
      (answer) => {
        store.set({ board: done(store.get().board, key, answer) });
        return true;
      },
      (error) => {
        store.set({ board: dropped(store.get().board, key) });
        note({ kind: 'trouble', text: `“${titleOf(id)}” is as it was. ${reason(error)}` });
        return false;
      },
    );
  }

  function move(id: string, to: Status): void {
    const task = shown(store.get().board, id);
    if (!task || task.status === to) return;
    if (mayMove(task.status, to)) sendMove(task, to);
    else note({ kind: 'trouble', text: whyNot(task.status, to) });
  }

  function sendMove(task: TaskSummary, to: Status): void {
    const { id } = task;
    say(`“${task.title}” is now ${STATUS_NAMES[to].toLowerCase()}.`);
    const event: TaskEvent = { type: 'TaskStatusChanged', data: { from: task.status, to } };
    void optimistic(id, event, (key) => api.command('PUT', `/api/tasks/${id}/status`, { body: { status: to }, key }));
  }

  function assign(id: string, userId: string | null): void {
    const task = shown(store.get().board, id);
    if (!task || task.assignee === userId) return;
    const event: TaskEvent = { type: 'TaskAssigned', data: { userId, previous: task.assignee, atCreation: false } };
    void optimistic(id, event, (key) => api.command('PUT', `/api/tasks/${id}/assignee`, { body: { userId }, key }));
  }

  function remove(id: string): void {
    const title = titleOf(id);
    say(`“${title}” was deleted.`);
    void optimistic(id, { type: 'TaskDeleted', data: {} }, (key) => api.command('DELETE', `/api/tasks/${id}`, { key })).then((was) => {
      if (!was) return;
      deleted = id;
      note({ kind: 'done', text: `“${title}” was deleted.`, action: { label: 'Undo', run: () => restore(id) } });
    });
  }

  function restore(id: string): void {
    if (deleted === id) deleted = undefined;
    say(`“${titleOf(id)}” is back.`);
    void optimistic(id, { type: 'TaskRestored', data: {} }, (key) => api.command('POST', `/api/tasks/${id}/restore`, { key }));
  }

  /** Shows what a command has made true, before the task is there anew. */
  function shownAsWatched(id: string, watching: boolean): void {
    const { open } = store.get();
    if (open?.id === id && open.detail) store.set({ open: { ...open, detail: { ...open.detail, watching } } });
  }

  function say(text: string): void {
    store.set({ said: text });
  }

  return {
    async create({ userId, ...fields }) {
      const { id, ...answer } = await api.command('POST', '/api/tasks', { body: { ...stated(fields), ...(userId ? { userId } : {}) } });
      store.set({ board: made(store.get().board, id, answer) });
      say(`“${fields.title}” was created.`);
      return id;
    },
    async edit(id, fields, seen) {
      const answer = await inTurn(id, () => edited(api, id, fields, seen));
      store.set({ board: made(store.get().board, id, answer) });
      await page()?.refresh(answer.position);
    },
    async comment(id, text) {
      const answer = await inTurn(id, () => api.command('POST', `/api/tasks/${id}/comments`, { body: { text } }));
      store.set({ board: made(store.get().board, id, answer) });
      await page()?.refresh(answer.position);
      return answer;
    },
    async commentOf({ id, revision, position }) {
      let found: HistoryItem | undefined;
      let cursor: string | undefined = '';
      while (!found && cursor !== undefined) {
        const query: string = cursor && `?cursor=${encodeURIComponent(cursor)}`;
        const { body }: Reply<{ items: HistoryItem[]; next?: string }> = await api.get(`/api/tasks/${id}/history${query}`, { after: position });
        found = body.items.find((item) => item.revision === revision);
        cursor = body.next;
      }
      return (found?.data as { commentId?: string } | undefined)?.commentId ?? null;
    },
    async watch(id, wanted) {
      const title = titleOf(id);
      try {
        const answer = await inTurn(id, () => api.command(wanted ? 'PUT' : 'DELETE', `/api/tasks/${id}/watchers/me`));
        say(watchSaid(title, wanted));
        shownAsWatched(id, wanted);
        void page()?.refresh(answer.position);
      } catch (error) {
        note({ kind: 'trouble', text: `“${title}” is as it was. ${reason(error)}` });
      }
    },
    move,
    assign,
    remove,
    restore,
    undo() {
      if (deleted) restore(deleted);
      else say('There is nothing to undo.');
    },
    note,
    dismiss: (id) => store.set({ notes: store.get().notes.filter((one) => one.id !== id) }),
    say,
  };
}

/** The fields of a new task's form, without the empty ones. */
function stated({ title, description, deadline, priority, labels }: TaskFields): Record<string, unknown> {
  return { title, priority, labels, ...(description ? { description } : {}), ...(deadline ? { deadline } : {}) };
}

/** The reason of an error, for the user to read. */
export function reason(error: unknown): string {
  return error instanceof ApiError ? error.message : 'Something went wrong in this page.';
}
