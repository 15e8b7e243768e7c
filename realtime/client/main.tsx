/** The page's composition root. */
import { render } from 'preact';
import { createActions } from './actions.ts';
import { createApi } from './api.ts';
import { type App, AppContext } from './app.ts';
import { takeInvitation } from './brought-invitation.ts';
import { Page } from './components/page.tsx';
import { type PageFiles, startFiles } from './files.ts';
import { type Former, startFormer } from './former.ts';
import { readFragment } from './fragment.ts';
import { type Inbox, startInbox } from './inbox.ts';
import { listenToKeys } from './keys.ts';
import { connectLive, type Live } from './live.ts';
import { createNavigation } from './navigation.ts';
import { keepPresses } from './presses.ts';
import { createSession, oneTabAtATime, SESSION_KEY } from './session.ts';
import { sendsDirectly } from './session-rules.ts';
import { createStore, initialState } from './store.ts';
import { connectionOf, type Sync, startSync } from './sync.ts';
import { createTaskPage, type TaskPage } from './task-page.ts';
import { forgetTyped, keepTyped } from './typed.ts';
import { createUploads } from './uploads.ts';

const SINGLE_KEYS = 'taskledger.singleKeys';
let keptSingleKeys = localStorage.getItem(SINGLE_KEYS) !== 'off';
const store = createStore({ ...initialState, singleKeys: keptSingleKeys });

takeFragment();
const navigation = createNavigation(window, takeFragment);

/** The services that run while somebody is logged in. */
let running: { live: Live; sync: Sync; page: TaskPage; inbox: Inbox; files: PageFiles; former: Former } | undefined;

const session = createSession({
  storage: localStorage,
  api: { open: (...request) => api.open(...request) },
  alone: oneTabAtATime,
  now: () => performance.now(),
  changed: (me, ended) => {
    const before = store.get().me;
    if (me) forgetTyped(me.id);
    else if (ended && before) keepTyped(before.id, document, location.pathname);
    begin(ended);
    // Who logs out is done with where they were; whose session ended comes back to it.
    if (!me && !ended) navigation.go('/login', { replace: true, sure: true });
  },
});
const api = createApi({
  fetch: (...request) => fetch(...request),
  token: (refused) => session.token(refused),
  held: () => session.held(),
  who: () => session.me()?.id ?? null,
  prove,
  wait,
  now: () => performance.now(),
});
const uploads = createUploads({
  store,
  token: (refused) => session.token(refused),
  isDirect: sendsDirectly,
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
  navigation,
  show: (task) => running?.page.open(task),
  follow(topic, options) {
    const subscription = running?.live.subscribe(topic, options);
    return () => subscription?.close();
  },
};

/** Begins anew after somebody logged in or out: ends the services of the user before. */
function begin(ended = false): void {
  running?.live.close();
  running?.sync.close();
  running?.inbox.close();
  running?.files.close();
  running?.former.close();
  uploads.close();
  running = undefined;
  const me = session.me();
  const { link, signIn, singleKeys } = store.get();
  store.set({ ...initialState, me, ended, link, signIn, singleKeys });
  if (!me || (me.confined && me.confined !== 'read')) return;
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
  const former = startFormer({ api, store, me });
  running = { live, sync: startSync({ api, store, live, me, files }), page: createTaskPage({ api, store, live }), inbox, files, former };
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

/** Asks for the password, where the server wants a proof of who one is; resolves to false where none is given. */
function prove(): Promise<boolean> {
  store.get().proving?.answer(false);
  return new Promise((answer) => store.set({ proving: { answer } }));
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

/** Takes what a link brought in the fragment: a code leaves the address bar and the history at once. */
function takeFragment(): void {
  const brought = readFragment(location);
  if (!brought) return;
  history.replaceState(history.state, '', brought.path);
  if (brought.link) store.set({ link: brought.link });
  if (brought.signIn) store.set({ signIn: brought.signIn, link: takeInvitation() ?? store.get().link });
}

// A file that misses its place would be opened instead of the page.
for (const type of ['dragover', 'drop'] as const)
  window.addEventListener(type, (event) => {
    if (event.defaultPrevented || !event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = 'none';
  });
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
listenToKeys(app);
keepPresses(window);
const root = document.getElementById('app');
if (root) {
  render(
    <AppContext.Provider value={app}>
      <Page />
    </AppContext.Provider>,
    root,
  );
}
