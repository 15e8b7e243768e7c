/** Keeps the inbox right: loads it, hears of what is new, marks what is read. */
import { reason } from './actions.ts';
import type { Api } from './api.ts';
import { isAfter, joined, type Mark, marked, newsIn, pending, type Told } from './inbox-state.ts';
import type { Change, Live, Subscription } from './live.ts';
import type { InboxItem, Store } from './store.ts';

export interface Inbox {
  /** Marks one as read, or as unread; shown at once, and taken back where it cannot be recorded. */
  mark(id: string, read: boolean): void;
  /** Marks what is there as read, and what is older. */
  readAll(): void;
  /** Shows the next older ones too, from now on; resolves when they are shown, or cannot be had. */
  older(): Promise<void>;
  close(): void;
}

/** Loaded at once. */
const PAGE = 100;
/** Milliseconds until what could not be asked is asked again. */
const AGAIN = 3_000;
/** After these another answer is to be had. */
const NEWS = new Set(['NotificationSent', 'NotificationRead']);

export function startInbox({ api, store, live, trouble }: { api: Api; store: Store; live: Live; trouble: (text: string) => void }): Inbox {
  let subscription: Subscription | undefined;
  let closed = false;
  /** All that is shown, as the server told it. */
  let told: Told = { items: [], unread: 0 };
  /** True where older ones were asked for: then they stay. */
  let reachesBack = false;
  let marks: readonly Mark[] = [];
  /** The last position heard of that no answer was asked for yet. */
  let wanted = '';
  let asked: Promise<unknown> = Promise.resolve();
  let sent: Promise<unknown> = Promise.resolve();

  function show(said = ''): void {
    if (closed) return;
    const { items, unread, next } = marked(told, marks);
    store.set({ inbox: { items, unread, more: next !== undefined }, ...(said ? { said } : {}) });
  }

  /** One question at a time: each goes on from the answer of the one before. */
  function inTurn<T>(question: () => Promise<T>): Promise<T> {
    const turn = asked.then(() => question());
    asked = turn.catch(() => undefined);
    return turn;
  }

  function ask({ cursor, after }: { cursor?: string | undefined; after?: string | undefined }) {
    return api.get<Told>(`/api/inbox?limit=${PAGE}${cursor === undefined ? '' : `&cursor=${cursor}`}`, { after });
  }

  /** Loads all that is shown again. */
  async function load(after?: string): Promise<string> {
    const before = told.items;
    const { body, position } = await ask({ after });
    told = await backTo(reachesBack ? before.at(-1) : undefined, body);
    marks = pending(marks, position);
    show(after === undefined ? '' : newsIn(told.items, before));
    return position;
  }

  /** Goes on from the first page until the oldest that was shown is there, and ends with it. */
  async function backTo(oldest: InboxItem | undefined, first: Told): Promise<Told> {
    let all = first;
    while (oldest && isAfter(oldest, all)) all = joined(all, (await ask({ cursor: all.next })).body, oldest.id);
    return all;
  }

  /** A page that ends where the last reload ended has nothing new on it: then the one after it has. */
  async function loadOlder(): Promise<void> {
    const before = told.items.length;
    while (told.items.length === before && told.next !== undefined) told = joined(told, (await ask({ cursor: told.next })).body);
    reachesBack = true;
    show();
  }

  function heard(change: Change): void {
    if (NEWS.has(change.type)) askSince(change.position);
  }

  /** Loads all again, at least as new as this. What comes while the question waits for its turn is in its answer too. */
  function askSince(position: string): void {
    const waits = wanted !== '';
    if (position > wanted) wanted = position;
    if (waits || closed) return;
    inTurn(async () => {
      const after = wanted;
      wanted = '';
      await load(after).catch(() => missed(after));
    }).catch(() => undefined);
  }

  /** It could not be had: what can be is shown, and the rest asked for again. */
  async function missed(after: string): Promise<void> {
    setTimeout(() => askSince(after), AGAIN);
    await load();
  }

  async function begin(): Promise<void> {
    try {
      const position = await inTurn(load);
      if (closed) return;
      subscription = live.subscribe('notifications', { after: position, onChange: heard, onSnapshotNeeded: () => inTurn(load) });
    } catch {
      // The board says what is wrong with the server.
      if (!closed) setTimeout(() => void begin(), AGAIN);
    }
  }

  /** Sends one after the other: what is said last of an item counts. */
  function mark(one: Mark, send: () => Promise<{ position?: string }>): void {
    marks = [...marks, one];
    show();
    sent = sent
      .then(() => send())
      .then(
        ({ position = '' }) => {
          marks = marks.map((other) => (other === one ? { ...one, position } : other));
        },
        (error) => {
          marks = marks.filter((other) => other !== one);
          show();
          if (!closed) trouble(reason(error));
        },
      );
  }

  /** So many at a time. */
  async function sendReadAll(before: string): Promise<{ position?: string }> {
    for (let more = true; more && !closed; ) {
      const answer: unknown = await api.command('POST', '/api/inbox/read-all', { body: { before } });
      more = (answer as { more: boolean }).more;
    }
    return {};
  }

  void begin();

  return {
    mark(id, read) {
      const item = store.get().inbox.items.find((one) => one.id === id);
      if (!item || item.read === read) return;
      mark({ what: { id }, read }, () => api.command('PUT', `/api/notifications/${id}/read`, { body: { read } }));
    },
    readAll() {
      const [newest] = store.get().inbox.items;
      if (newest) mark({ what: { by: newest.createdAt }, read: true }, () => sendReadAll(newest.createdAt));
    },
    older: () => inTurn(loadOlder).catch((error) => trouble(reason(error))),
    close() {
      closed = true;
      subscription?.close();
    },
  };
}
