/** The things that every component can reach. */
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Actions } from './actions.ts';
import type { Api } from './api.ts';
import type { PageFiles } from './files.ts';
import { nameIn } from './former.ts';
import type { Inbox } from './inbox.ts';
import type { SubscribeOptions } from './live.ts';
import type { Navigation } from './navigation.ts';
import type { BrowserSession } from './session.ts';
import { type AppState, type Store, useStore } from './store.ts';
import type { Uploads } from './uploads.ts';

export interface App {
  store: Store;
  actions: Actions;
  api: Api;
  session: BrowserSession;
  files: Pick<PageFiles, 'url' | 'look'>;
  uploads: Uploads;
  inbox: Pick<Inbox, 'mark' | 'readAll' | 'older'>;
  /** Loads the board again, after it could not be loaded. */
  retry(): void;
  navigation: Navigation;
  /** Follows a topic; returns the function that ends that. */
  follow(topic: string, options: SubscribeOptions): () => void;
  /** Loads a task for its dialog, and keeps it up to date; null ends that. */
  show(task: string | null): void;
}

export const AppContext = createContext<App | null>(null);

export function useApp(): App {
  const app = useContext(AppContext);
  if (!app) throw new Error('not below <AppContext.Provider>');
  return app;
}

/** A part of the state. */
export function useApps<T>(pick: (state: AppState) => T): T {
  return useStore(useApp().store, pick);
}

/** Letters that are written from right to left, and marks of direction. */
const RIGHT_TO_LEFT = /[\u0590-\u08ff\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufefc]/;

/** A name as it stands within a sentence: one that is written from right to left turns nothing around but itself. */
export function inSentence(name: string): string {
  return RIGHT_TO_LEFT.test(name) ? `\u2068${name}\u2069` : name;
}

/** Returns the function that names people by their ids, the user as “you”. */
export function useNames(): (id: string | null) => string {
  const people = useApps((state) => state.people);
  const former = useApps((state) => state.former);
  const me = useApps((state) => state.me);
  return (id) => {
    if (!id) return 'nobody';
    return id === me?.id ? 'you' : inSentence(id.includes('-') ? nameIn({ people, former }, id) : id);
  };
}
