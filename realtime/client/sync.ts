/** Keeps the board up to date: loads the tasks, follows their changes, asks for missed ones. */
import type { TaskDetail, TaskSummary } from '../../contracts/task.ts';
import { reason } from './actions.ts';
import { type Api, ApiError, ASK_AGAIN, type Reply } from './api.ts';
import { asked, fold, type Gap, listed } from './board-state.ts';
import type { PageFiles } from './files.ts';
import { nameIn } from './former.ts';
import type { Change, Live, LiveState, Subscription } from './live.ts';
import type { Me } from './session.ts';
import type { ConnectionState, KnownPerson, Store } from './store.ts';
import { toldOfTask } from './words.ts';

/** The most tasks that the page holds; searching asks the server for the others. */
const MOST = 2_000;
/** Milliseconds in which a missed change may come by itself before the server is asked. */
const GRACE = 150;
/** The changes of a task that a board neither shows nor announces: somebody else begins to watch it, or ends that. */
const QUIET = ['TaskWatched', 'TaskUnwatched'];
/** Milliseconds after which every server answers by a user's new role: they remember callers for 5 s. */
const ROLE_KNOWN = 6_000;

const UUID = /^[0-9a-f-]{36}$/;

interface List<T> {
  items: T[];
  next?: string;
}

export interface Sync {
  /** Loads all tasks anew, and follows their changes from there. */
  reload(): Promise<void>;
  /** Loads the people, as after an id that no known person has. */
  people(): Promise<void>;
  close(): void;
}

export interface SyncOptions {
  api: Api;
  store: Store;
  live: Live;
  me: Me;
  /** The files of what is shown, which hear of the same changes. */
  files?: Pick<PageFiles, 'since' | 'heard' | 'reload'>;
}

export function startSync({ api, store, live, me, files }: SyncOptions): Sync {
  /** The user's own topic, followed without a break: it tells of a new role, also while tasks are loaded. */
  let own: Subscription | undefined;
  /** The topic of people's pictures, followed without a break. */
  let profiles: Subscription | undefined;
  /** The topic of all tasks, where it is followed. */
  let all: Subscription | undefined;
  /** False where the topic of all tasks was refused: the user then sees only tasks that concern them. */
  let seesAll = true;
  /** The last position heard of: answers to later questions are at least as new. */
  let last = '';
  /** Counts the loads: only the last one's result is used, because rights may have changed between two. */
  let turn = 0;
  /** Counts the beginnings: only the last one goes on to follow. */
  let beginnings = 0;
  let again: ReturnType<typeof setTimeout> | undefined;
  let closed = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asking = false;

  /** Loads all tasks, shows the first page at once, and resolves to the position after which changes are to follow. */
  async function load(): Promise<string> {
    const mine = ++turn;
    const path = '/api/tasks?limit=100&sort=-updatedAt';
    const { body, position } = await api.get<List<TaskSummary>>(path, { after: last || undefined });
    files?.since(position);
    if (mine === turn) show(body.items, position, false);
    const { items, more } = await rest(path, body);
    if (mine === turn) show(items, position, !more);
    return position;
  }

  function show(items: TaskSummary[], position: string, whole: boolean): void {
    if (closed) return;
    store.set({ phase: 'ready', more: items.length >= MOST && !whole, board: listed(store.get().board, { items, position, whole }) });
  }

  /** Loads the pages after the first one of a list; resolves to all items. */
  async function rest<T>(path: string, first: List<T>): Promise<{ items: T[]; more: boolean }> {
    const items = [...first.items];
    let { next } = first;
    while (next !== undefined && items.length < MOST && !closed) {
      const { body }: Reply<List<T>> = await page<T>(`${path}${next && `&cursor=${encodeURIComponent(next)}`}`);
      items.push(...body.items);
      next = body.next;
    }
    return { items, more: next !== undefined };
  }

  const page = <T>(path: string): Promise<Reply<List<T>>> => api.get<List<T>>(path);

  /** Follows the user's own topic (it tells of a new role, too) and that of profiles always, and all tasks where that is allowed. */
  function follow(after: string): void {
    const options = { after, onChange: heard };
    own ??= live.subscribe(`user:${me.id}`, { ...options, onSnapshotNeeded: missedOwn, onLeft: () => undefined });
    // Pictures of people; everybody sees those.
    profiles ??= live.subscribe('profiles', { ...options, onSnapshotNeeded: missed });
    if (seesAll) all ??= live.subscribe('tasks', { ...options, onSnapshotNeeded: missed, onLeft: () => begin(false) });
  }

  /** A new role may be among the changes of the user's own topic that were missed. */
  function missedOwn(): Promise<string> {
    if (!seesAll) begin(true);
    return missed();
  }

  async function missed(): Promise<string> {
    const position = await load();
    files?.reload();
    return position;
  }

  function leaveAll(): void {
    all?.close();
    all = undefined;
  }

  /** Begins anew, after the user's rights may have changed. `seeing`: true where the topic of all tasks is worth a try. */
  function begin(seeing: boolean): void {
    if (closed) return;
    seesAll = seeing;
    leaveAll();
    void reload();
  }

  /** Begins anew with another role, and again once every server answers by it: until then a list may have come by the role before. */
  function beginWithRole(): void {
    begin(true);
    clearTimeout(again);
    again = setTimeout(() => begin(true), ROLE_KNOWN);
    void people();
  }

  function heard(change: Change): void {
    if (change.position > last) last = change.position;
    if (change.stream.startsWith('task-')) heardOfTask(change);
    files?.heard(change);
    if (change.id === me.id) heardOfSelf(change);
  }

  function heardOfSelf({ type, position }: Change): void {
    if (type === 'UserRoleChanged') beginWithRole();
    if (type === 'UserEdited') void loadSelf(position).catch(() => undefined);
  }

  function heardOfTask(change: Change): void {
    const { board } = store.get();
    const next = fold(board, change);
    if (next === board) return;
    store.set({ board: outOfSight(change) ? asked(next, change.id, { task: null, position: change.position }) : next });
    if (change.actor !== me.id && !QUIET.includes(change.type)) tell(change);
  }

  /** True where a change takes the task out of the user's sight: they see only tasks that concern them, and this one does no more. */
  function outOfSight(change: Change): boolean {
    if (seesAll || change.type !== 'TaskAssigned') return false;
    const task = store.get().board.entries[change.id]?.task;
    const { userId } = change.data as { userId: string | null };
    return task?.maker !== me.id && userId !== me.id;
  }

  /** Marks a task that somebody else changed for a moment, and announces the change. */
  function tell(change: Change): void {
    const { board, fresh, people, former } = store.get();
    const nameOf = (id: string) => nameIn({ people, former }, id);
    if (!people[change.actor] && UUID.test(change.actor)) void loadPeople().catch(() => undefined);
    const title = board.entries[change.id]?.task.title;
    if (!title) return;
    store.set({
      fresh: { ...fresh, [change.id]: change.revision },
      said: `“${title}”: ${people[change.actor]?.name ?? begun(nameOf(change.actor))} ${toldOfTask(change, nameOf)}.`,
    });
  }

  /** Asks for the tasks with missed changes, unless these come by themselves meanwhile. */
  function fill(): void {
    if (timer !== undefined || asking || closed || Object.keys(store.get().board.gaps).length === 0) return;
    timer = setTimeout(() => {
      timer = undefined;
      asking = true;
      void Promise.allSettled(Object.entries(store.get().board.gaps).slice(0, 8).map(ask)).then((results) => {
        asking = false;
        if (results.some(({ status }) => status === 'rejected')) setTimeout(fill, ASK_AGAIN);
        else fill();
      });
    }, GRACE);
  }

  async function ask([id, gap]: [string, Gap]): Promise<void> {
    const answer = await api.get<TaskDetail>(`/api/tasks/${id}`, { after: gap.position }).then(
      ({ body, position }) => ({ task: summaryOf(body), position }),
      (error) => {
        if (error instanceof ApiError && error.status === 404) return { task: null, position: gap.position };
        throw error;
      },
    );
    if (!closed) store.set({ board: asked(store.get().board, id, answer) });
  }

  async function loadPeople(): Promise<void> {
    const { items } = await rest<KnownPerson>('/api/users?limit=100', { items: [me], next: '' });
    if (!closed) store.set({ people: Object.fromEntries(items.map(({ id, name, role }) => [id, { id, name, role }])) });
  }

  /** Asks for the user's own name and role, as they are at or after a position. */
  async function loadSelf(after?: string): Promise<void> {
    const { id, name, role } = (await api.get<KnownPerson>('/api/me', { after })).body;
    if (!closed) store.set({ people: { ...store.get().people, [id]: { id, name, role } } });
  }

  async function reload(): Promise<void> {
    store.set({ phase: store.get().phase === 'ready' ? 'ready' : 'loading', trouble: '' });
    const mine = ++beginnings;
    await load().then(
      (position) => {
        if (!closed && mine === beginnings) follow(position);
      },
      (error) => {
        if (!closed && mine === beginnings) store.set({ phase: 'failed', trouble: reason(error) });
      },
    );
  }

  const unsubscribe = store.subscribe(fill);
  void reload();
  // A user who may not read the directory sees no other names.
  const people = () =>
    loadPeople()
      .catch(() => loadSelf())
      .catch(() => store.set({ people: { ...store.get().people, [me.id]: me } }));
  void people();

  return {
    reload,
    people,
    close() {
      closed = true;
      clearTimeout(timer);
      clearTimeout(again);
      unsubscribe();
      own?.close();
      profiles?.close();
      leaveAll();
    },
  };
}

/** A text with its first letter large. */
function begun(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A whole task as a list shows it. */
function summaryOf({ description: _, watching: __, watchers: ___, comments, ...task }: TaskDetail): TaskSummary {
  return { ...task, comments: comments.length };
}

/** The state of the connection to show: `connecting` before it was live for the first time, `reconnecting` afterwards. */
export function connectionOf(state: LiveState, before: ConnectionState, online: boolean): ConnectionState {
  if (state === 'live') return 'live';
  if (!online) return 'offline';
  return before === 'connecting' && state === 'connecting' ? 'connecting' : 'reconnecting';
}
