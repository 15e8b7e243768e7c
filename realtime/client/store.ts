/** The store: the whole state of the page, in one place. */
import { useEffect, useState } from 'preact/hooks';
import type { TaskDetail } from '../../contracts/task.ts';
import { type BoardState, emptyBoard } from './board-state.ts';
import { type BoardFilters, noFilters } from './board-view.ts';
import { type KnownFiles, noFiles } from './files.ts';
import type { EndedSignIn, MailedLink } from './fragment.ts';
import type { Me } from './session.ts';
import type { Upload } from './uploads.ts';

export interface KnownPerson {
  id: string;
  name: string;
  role: string;
}

/** The state of the connection. `live`: the board is up to date; `reconnecting`: it is tried again; `offline`: without a network. */
export type ConnectionState = 'connecting' | 'live' | 'reconnecting' | 'offline';

/** A message that is shown for a while, in a corner. */
export interface Note {
  id: number;
  kind: 'done' | 'trouble';
  text: string;
  action?: { label: string; run: () => void };
}

/** One line of a task's history, as the server tells it. */
export interface HistoryItem {
  id: string;
  type: string;
  time: string;
  actor: string;
  data: unknown;
  revision: number;
}

/** The task that is open. */
export interface OpenTask {
  id: string;
  detail: TaskDetail | null;
  history: readonly HistoryItem[];
  /** The reason why the task cannot be shown; null where it can. */
  trouble: string | null;
}

/** One line of the inbox, as the server tells it. */
export interface InboxLine {
  id: string;
  kind: string;
  title: string;
  text: string;
  /** The address that the item leads to. */
  link: string;
  read: boolean;
  createdAt: string;
}

/** The newest items of the inbox, as far back as the user asked for, and the number of all unread ones. */
export interface InboxState {
  items: readonly InboxLine[];
  unread: number;
  /** True where there are older items. */
  more: boolean;
}

export interface AppState {
  me: Me | null;
  /** The mailed link that was opened; null without one. */
  link: MailedLink | null;
  /** The sign-in at another site that led here; null without one. */
  signIn: EndedSignIn | null;
  /** The password that was made for who just logged in with it, for the form that asks for another one; null where none was, or it was not typed here. */
  made: string | null;
  /** True where the session ended without this page's doing. */
  ended: boolean;
  phase: 'loading' | 'ready' | 'failed';
  /** The reason why loading failed. */
  trouble: string;
  board: BoardState;
  /** True where there are more tasks than the page loads. */
  more: boolean;
  people: Readonly<Record<string, KnownPerson>>;
  /** The ids of users who were deleted, as far as they are named here. */
  former: ReadonlySet<string>;
  files: KnownFiles;
  uploads: readonly Upload[];
  filters: BoardFilters;
  /** Ids of tasks whose description has the words searched for. */
  found: ReadonlySet<string>;
  connection: ConnectionState;
  open: OpenTask | null;
  inbox: InboxState;
  notes: readonly Note[];
  /** The answer that a prompt for the password waits for; null where none is open. */
  proving: { answer(isProven: boolean): void } | null;
  /** The position after which the shown account and the members are to be asked for; another object with each change of theirs. */
  accounts: { after: string | undefined };
  /** The announcement for screen readers. */
  said: string;
  /** The tasks that somebody else just changed, by id, with the revision that they made. */
  fresh: Readonly<Record<string, number>>;
  /** True where single keys (n, i, /, ?, u, 1–4) have their effect. */
  singleKeys: boolean;
}

export const initialState: AppState = {
  me: null,
  link: null,
  signIn: null,
  made: null,
  ended: false,
  phase: 'loading',
  trouble: '',
  board: emptyBoard,
  more: false,
  people: {},
  former: new Set(),
  files: noFiles,
  uploads: [],
  filters: noFilters,
  found: new Set(),
  connection: 'connecting',
  open: null,
  inbox: { items: [], unread: 0, more: false },
  notes: [],
  proving: null,
  accounts: { after: undefined },
  said: '',
  fresh: {},
  singleKeys: true,
};

export interface Store {
  get(): AppState;
  /** Sets some fields. Where none differs, no listener is called. */
  set(change: Partial<AppState>): void;
  /** Calls the listener after each change; returns the function that ends that. */
  subscribe(listener: () => void): () => void;
}

export function createStore(state: AppState): Store {
  let current = state;
  const listeners = new Set<() => void>();
  return {
    get: () => current,
    set(change) {
      if (Object.entries(change).every(([field, value]) => current[field as keyof AppState] === value)) return;
      current = { ...current, ...change };
      for (const listener of [...listeners]) listener();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** A part of the state, in a component, which is drawn again when that part differs. */
export function useStore<T>(store: Store, pick: (state: AppState) => T): T {
  const [, redraw] = useState({});
  const picked = pick(store.get());
  useEffect(() => {
    let last = picked;
    const look = () => {
      const next = pick(store.get());
      if (Object.is(next, last)) return;
      last = next;
      redraw({});
    };
    look();
    return store.subscribe(look);
  });
  return picked;
}
