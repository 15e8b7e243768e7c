/** The user's actions. A change is shown at once; where the server refuses it, the change is taken back and the reason shown. */
import { NOT_YOURS_TO_CHANGE, type Priority, type Status, type TaskDetail, type TaskEvent, type TaskSummary } from '../../contracts/task.ts';
import { type Api, ApiError, type Done, type Reply, uuid } from './api.ts';
import { begun, done, dropped, made, shown } from './board-state.ts';
import { mayMove, STATUS_NAMES, whyNot } from './board-view.ts';
import { edited } from './edited.ts';
import { mayChange } from './rights.ts';
import type { AppState, HistoryItem, Note, Store } from './store.ts';
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
  /** Deletes a task; returns false where the user may not, which is said. */
  remove(id: string): boolean;
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
    // Where the session has ended the entrance says so, once: nobody is told of each request that was under way.
    if (!store.get().me) return;
    store.set({ notes: [...store.get().notes.slice(-3), { ...one, id: ++notes }] });
  }

  /** Tells of a change that was not made, unless the end of the session has cut it off. */
  function refused(title: string, error: unknown): void {
    if (!isOver(error)) note({ kind: 'trouble', text: notDone(title, error) });
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

  /**
   * Shows the event at once, sends the command, and takes the event back where it is refused. `said`: what is true once it is done, and is said only then.
   * Resolves to true where it was done.
   */
  async function optimistic(
    { id, event, said }: { id: string; event: TaskEvent; said?: string },
    send: (key: string) => Promise<Done>,
  ): Promise<boolean> {
    const key = uuid();
    store.set({ board: begun(store.get().board, { key, id, event }) });
    if (isCutOff(store.get())) say('There is no connection. It will be sent when you are connected again.');
    try {
      const answer = await inTurn(id, () => send(key));
      store.set({ board: done(store.get().board, key, answer) });
    } catch (error) {
      store.set({ board: dropped(store.get().board, key) });
      refused(titleOf(id), error);
      return false;
    }
    if (said) say(said);
    return true;
  }

  /** The task as it is shown, where the user may change it; else says that they may not, where it is there. */
  function ownTask(id: string): TaskSummary | undefined {
    const task = shown(store.get().board, id);
    if (!task || mayChange(store.get(), task)) return task;
    note({ kind: 'trouble', text: NOT_YOURS_TO_CHANGE });
    return undefined;
  }

  function move(id: string, to: Status): void {
    const task = ownTask(id);
    if (!task || task.status === to) return;
    if (mayMove(task.status, to)) sendMove(task, to);
    else note({ kind: 'trouble', text: whyNot(task.status, to) });
  }

  function sendMove({ id, title, status }: TaskSummary, to: Status): void {
    const event: TaskEvent = { type: 'TaskStatusChanged', data: { from: status, to } };
    const said = `“${title}” is now ${STATUS_NAMES[to].toLowerCase()}.`;
    void optimistic({ id, event, said }, (key) => api.command('PUT', `/api/tasks/${id}/status`, { body: { status: to }, key }));
  }

  function assign(id: string, userId: string | null): void {
    const task = ownTask(id);
    if (!task || task.assignee === userId) return;
    const event: TaskEvent = { type: 'TaskAssigned', data: { userId, previous: task.assignee, atCreation: false } };
    void optimistic({ id, event }, (key) => api.command('PUT', `/api/tasks/${id}/assignee`, { body: { userId }, key }));
  }

  function remove(id: string): boolean {
    const task = ownTask(id);
    if (!task) return false;
    const text = `“${task.title}” was deleted.`;
    const event: TaskEvent = { type: 'TaskDeleted', data: {} };
    void optimistic({ id, event, said: text }, (key) => api.command('DELETE', `/api/tasks/${id}`, { key })).then((isDone) => {
      if (!isDone) return;
      deleted = id;
      note({ kind: 'done', text, action: { label: 'Undo', run: () => restore(id) } });
    });
    return true;
  }

  function restore(id: string): void {
    if (deleted === id) deleted = undefined;
    const event: TaskEvent = { type: 'TaskRestored', data: {} };
    void optimistic({ id, event, said: `“${titleOf(id)}” is back.` }, (key) => api.command('POST', `/api/tasks/${id}/restore`, { key }));
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
        note({ kind: 'trouble', text: notDone(title, error) });
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

/** True for what the end of the session has cut off. */
const isOver = (error: unknown) => error instanceof ApiError && error.status === 401;
const isCutOff = ({ connection }: AppState) => connection === 'reconnecting' || connection === 'offline';

/** What is true of a task after a command on it failed. */
function notDone(title: string, error: unknown): string {
  const status = error instanceof ApiError ? error.status : undefined;
  if (status === 404) return `“${title}” is not there any more, or not yours to see.`;
  // The command may have been done, and its answer lost.
  if (status === 0) return `Nobody can say whether “${title}” was changed. ${reason(error)}`;
  return `“${title}” is as it was. ${reason(error)}`;
}

/** The reason of an error, for the user to read. */
export function reason(error: unknown): string {
  return error instanceof ApiError ? error.message : 'Something went wrong in this page.';
}
