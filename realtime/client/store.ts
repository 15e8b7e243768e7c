/** All that the page shows, in one place. */
import { useEffect, useState } from 'preact/hooks';
import type { TaskDetail } from '../../contracts/task.ts';
import { type Board, emptyBoard } from './board-state.ts';
import { type Filters, noFilters } from './board-view.ts';
import type { Me } from './session.ts';

export interface Person {
  id: string;
  name: string;
  role: string;
}

/** How fresh what one sees is: `live`, or being tried again, or without a network. */
export type Connection = 'connecting' | 'live' | 'reconnecting' | 'offline';

/** A message for a while, in a corner. */
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
  /** Why it cannot be shown. */
  trouble: string | null;
}

/** One line of the inbox, as the server tells it. */
export interface InboxItem {
  id: string;
  kind: string;
  title: string;
  text: string;
  /** Where it leads to. */
  link: string;
  read: boolean;
  createdAt: string;
}

/** The newest of the inbox, back to where one asked for older ones, and how much of all of it is unread. */
export interface InboxState {
  items: readonly InboxItem[];
  unread: number;
  /** True where there are older ones. */
  more: boolean;
}

export interface AppState {
  me: Me | null;
  /** From a confirmation mail. */
  confirmation: string | null;
  /** True where the session ended without this page's doing. */
  ended: boolean;
  phase: 'loading' | 'ready' | 'failed';
  /** Why loading failed. */
  trouble: string;
  board: Board;
  /** True where there are more tasks than the page loads. */
  more: boolean;
  people: Readonly<Record<string, Person>>;
  filters: Filters;
  /** Ids of tasks whose description has the words searched for. */
  found: ReadonlySet<string>;
  connection: Connection;
  open: OpenTask | null;
  making: boolean;
  showsKeys: boolean;
  inbox: InboxState;
  showsInbox: boolean;
  notes: readonly Note[];
  /** What a screen reader is to say. */
  said: string;
  /** Tasks that somebody else just changed, and the revision they made. */
  fresh: Readonly<Record<string, number>>;
  /** Single keys (n, i, /, ?, u, 1–4) do something. */
  singleKeys: boolean;
}

export const initialState: AppState = {
  me: null,
  confirmation: null,
  ended: false,
  phase: 'loading',
  trouble: '',
  board: emptyBoard,
  more: false,
  people: {},
  filters: noFilters,
  found: new Set(),
  connection: 'connecting',
  open: null,
  making: false,
  showsKeys: false,
  inbox: { items: [], unread: 0, more: false },
  showsInbox: false,
  notes: [],
  said: '',
  fresh: {},
  singleKeys: true,
};

export interface Store {
  get(): AppState;
  /** Sets some fields; where nothing differs, nobody is told. */
  set(change: Partial<AppState>): void;
  /** Calls after each change; answers how to stop. */
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

/** A part of the state, in a component: drawn again when that part differs. */
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
