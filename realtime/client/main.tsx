/** The page's composition root. */
import { render } from 'preact';
import { createActions } from './actions.ts';
import { createApi } from './api.ts';
import { type App, AppContext } from './app.ts';
import { Page } from './components/page.tsx';
import { type PageFiles, startFiles } from './files.ts';
import { type Inbox, startInbox } from './inbox.ts';
import { listenToKeys } from './keys.ts';
import { connectLive, type Live } from './live.ts';
import { createSession, oneTabAtATime, SESSION_KEY } from './session.ts';
import { createStore, initialState, type MailedLink } from './store.ts';
import { connectionOf, type Sync, startSync } from './sync.ts';
import { createTaskPage, type TaskPage } from './task-page.ts';
import { createUploads } from './uploads.ts';

const SINGLE_KEYS = 'taskledger.singleKeys';
let keptSingleKeys = localStorage.getItem(SINGLE_KEYS) !== 'off';
const store = createStore({ ...initialState, singleKeys: keptSingleKeys });

/** The services that run while somebody is logged in. */
let running: { live: Live; sync: Sync; page: TaskPage; inbox: Inbox; files: PageFiles } | undefined;

const session = createSession({
  storage: localStorage,
  api: { open: (...request) => api.open(...request) },
  alone: oneTabAtATime,
  now: () => performance.now(),
  changed: (_, ended) => begin(ended),
});
const api = createApi({ fetch: (...request) => fetch(...request), token: (refused) => session.token(refused), wait, now: () => performance.now() });
const uploads = createUploads({
  store,
  token: (refused) => session.token(refused),
  taken: (id, position) => void running?.files.look(id, position).catch(() => undefined),
  say: (text) => store.set({ said: text }),
});
const actions = createActions({ api, store, page: () => running?.page });

const app: App = {
  store,
  actions,
  api,
  session,
  uploads,
  files: {
    url: (...what) => running?.files.url(...what) ?? Promise.reject(new Error('nobody is logged in')),
    look: async (...what) => running?.files.look(...what),
  },
  inbox: {
    mark: (...what) => running?.inbox.mark(...what),
    readAll: () => running?.inbox.readAll(),
    older: async () => running?.inbox.older(),
  },
  retry: () => void running?.sync.reload(),
  go(task) {
    if (task) location.hash = `task=${task}`;
    else if (location.hash) history.pushState(null, '', location.pathname);
    route();
  },
};

/** Begins anew after somebody logged in or out: ends the services of the user before. */
function begin(ended = false): void {
  running?.live.close();
  running?.sync.close();
  running?.inbox.close();
  running?.files.close();
  uploads.close();
  running = undefined;
  const me = session.me();
  store.set({ ...initialState, me, ended, link: store.get().link, forgotten: false, singleKeys: store.get().singleKeys });
  if (!me || me.confined === 'profile') return;
  const live = connectLive({
    token: async (refused) => {
      const token = await session.token(refused);
      if (!token) throw new Error('nobody is logged in');
      return token;
    },
    onState: look,
  });
  const inbox = startInbox({ api, store, live, trouble: (text) => actions.note({ kind: 'trouble', text }) });
  const files = startFiles({ api, store });
  running = { live, sync: startSync({ api, store, live, me, files }), page: createTaskPage({ api, store, live }), inbox, files };
  route();
}

/** Shows the state of the connection, and announces when it was lost and came back. */
function look(): void {
  const before = store.get().connection;
  const connection = connectionOf(running?.live.state() ?? 'connecting', before, navigator.onLine);
  if (connection === before) return;
  const said = {
    live: before === 'connecting' ? '' : 'Live again; nothing was missed.',
    connecting: '',
    reconnecting: 'The connection was cut.',
    offline: 'No network.',
  };
  store.set({ connection, ...(said[connection] ? { said: said[connection] } : {}) });
}

/** Waits that many milliseconds, or until the network comes back. */
function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      window.removeEventListener('online', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    window.addEventListener('online', end);
  });
}

/** Follows the address: `#task=<id>` shows a task, `#confirm=<token>` and `#reset=<token>` are mailed links, `#forgotten` asks for one. */
function route(): void {
  const parameters = new URLSearchParams(location.hash.slice(1));
  const link = linkIn(parameters);
  if (link || parameters.has('forgotten')) {
    // The token is removed from the address bar and the history at once.
    history.replaceState(null, '', location.pathname);
    store.set({ link, forgotten: !link });
    return;
  }
  running?.page.open(parameters.get('task'));
}

// A file that misses its place would be opened instead of the page.
for (const type of ['dragover', 'drop'] as const)
  window.addEventListener(type, (event) => {
    if (event.defaultPrevented || !event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = 'none';
  });
function linkIn(parameters: URLSearchParams): MailedLink | null {
  const purpose = (['confirm', 'reset'] as const).find((one) => parameters.get(one));
  return purpose ? { purpose, token: parameters.get(purpose) ?? '' } : null;
}

window.addEventListener('hashchange', route);
window.addEventListener('online', look);
window.addEventListener('offline', look);
window.addEventListener('storage', (event) => {
  if (event.key === SESSION_KEY || event.key === null) session.reread();
});
store.subscribe(() => {
  const { singleKeys } = store.get();
  if (singleKeys === keptSingleKeys) return;
  keptSingleKeys = singleKeys;
  localStorage.setItem(SINGLE_KEYS, singleKeys ? 'on' : 'off');
});

begin();
route();
listenToKeys(app);
const root = document.getElementById('app');
if (root) {
  render(
    <AppContext.Provider value={app}>
      <Page />
    </AppContext.Provider>,
    root,
  );
}
