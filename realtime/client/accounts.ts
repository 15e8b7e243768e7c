/** What My page and Members show of accounts, asked for anew with each change that is heard or made here. */
import { useEffect, useState } from 'preact/hooks';
import { reason } from './actions.ts';
import { type Api, ApiError, ASK_AGAIN } from './api.ts';
import { type App, useApp, useApps } from './app.ts';

/** The user's own account, as `GET /api/me` tells it. */
export interface OwnAccount {
  id: string;
  name: string;
  email: string;
  role: string;
  confirmed: boolean;
  /** The address that is wanted, and not confirmed yet. */
  pendingEmail?: string;
  /** The phone number that SMS go to, and the one that is wanted and not confirmed yet. */
  phone?: string;
  pendingPhone?: string;
  /** True where this installation sends SMS. */
  sms: boolean;
  /** True where the account has a password. */
  password: boolean;
}

/** A sign-in at another site, as `GET /api/me/sign-ins` tells it. */
export interface SignInLine {
  id: string;
  issuer: string;
  name: string;
  since: string;
}

/** A session, as `GET /api/sessions` tells it. */
export interface SessionLine {
  id: string;
  current: boolean;
  createdAt: string;
  lastUsedAt: string;
  /** The browser and the system, in words. */
  device: string;
  userAgent: string | null;
  ip: string;
}

/** A list of the API. */
export interface PageOf<T> {
  items: T[];
  next?: string;
}

export interface AnswerState<T> {
  /** The last answer; null before the first. */
  body: T | null;
  /** The reason why there is none, or why it is old; empty where all is well. */
  trouble: string;
  /** True where this installation answers nothing at that path. */
  isMissing: boolean;
}

/** Has everything asked for anew that is shown of accounts, as it is at or after a position. */
export function changedAccounts({ store }: Pick<App, 'store'>, after?: string): void {
  store.set({ accounts: { after } });
}

/** Changes something of the user's own account, and says how that went. `otherwise`: what holds where it was refused; the reason follows. */
export async function changeAccount(app: App, work: () => Promise<unknown>, { said, otherwise }: { said: string; otherwise: string }): Promise<void> {
  try {
    await work();
    app.actions.say(said);
  } catch (error) {
    app.actions.note({ kind: 'trouble', text: `${otherwise} ${reason(error)}` });
  }
  changedAccounts(app);
}

/** Milliseconds after which a question with this error is worth another try; undefined where its answer would be the same. */
function againAfter(error: unknown): number | undefined {
  if (!(error instanceof ApiError) || !(error.status === 0 || error.status === 429 || error.status >= 500)) return undefined;
  return error.retryAfter ?? ASK_AGAIN;
}

/** The answer to a query, asked for anew after each change of accounts, and where it failed by what passes. `load`: the query, by the position that it is to include; it starts over with another `key`. */
export function useLoaded<T>(key: string, load: (after: string | undefined) => Promise<T>): AnswerState<T> {
  const accounts = useApps((state) => state.accounts);
  const [loaded, setLoaded] = useState<AnswerState<T>>({ body: null, trouble: '', isMissing: false });
  const [tries, setTries] = useState(0);
  useEffect(() => {
    let isOver = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const failed = (error: unknown) => {
      if (isOver) return;
      setLoaded(({ body }) => ({ body, trouble: reason(error), isMissing: error instanceof ApiError && error.status === 404 }));
      const wait = againAfter(error);
      if (wait !== undefined) timer = setTimeout(() => setTries(tries + 1), wait);
    };
    load(accounts.after).then((body) => !isOver && setLoaded({ body, trouble: '', isMissing: false }), failed);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [key, accounts, tries]);
  return loaded;
}

/** The answer of a path of the API, asked for anew after each change of accounts. */
export function useAnswer<T>(path: string): AnswerState<T> {
  const { api } = useApp();
  return useLoaded(path, async (after) => (await api.get<T>(path, { after })).body);
}

/** The items of the first pages of a list, and the cursor of the next one. `path`: with a query. */
export async function firstPages<T>(
  api: Pick<Api, 'get'>,
  path: string,
  { pages, after }: { pages: number; after: string | undefined },
): Promise<PageOf<T>> {
  let list = (await api.get<PageOf<T>>(path, { after })).body;
  for (let page = 1; page < pages && list.next; page++) {
    const { items, ...more } = (await api.get<PageOf<T>>(`${path}&cursor=${encodeURIComponent(list.next)}`, { after })).body;
    list = { items: [...list.items, ...items], ...more };
  }
  return list;
}

/** Follows the changes of accounts in a topic while the component is shown. */
export function useAccountChanges(topic: string): void {
  const app = useApp();
  useEffect(
    () =>
      app.follow(topic, {
        onChange: ({ stream, position }) => {
          if (/^(user|session|invitation)-/.test(stream)) changedAccounts(app, position);
        },
        onSnapshotNeeded: async () => {
          const { position } = await app.api.get('/api/me');
          changedAccounts(app, position);
          return position;
        },
      }),
    [app, topic],
  );
}

/** Asks anew for what is shown of accounts when somebody comes back to this window: of a session that begins elsewhere no change tells. */
export function useReturns(): void {
  const app = useApp();
  useEffect(() => {
    const look = () => changedAccounts(app, app.store.get().accounts.after);
    window.addEventListener('focus', look);
    return () => window.removeEventListener('focus', look);
  }, [app]);
}
