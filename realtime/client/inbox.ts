/** Keeps the inbox up to date: loads it, hears of new items, marks them as read. */
import { reason } from './actions.ts';
import { type Api, ASK_AGAIN } from './api.ts';
import { type InboxMark, type InboxPage, isAfter, joined, marked, newsIn, pending } from './inbox-state.ts';
import type { Change, Live, Subscription } from './live.ts';
import type { InboxLine, Store } from './store.ts';

export interface Inbox {
  /** Marks an item as read or unread. The mark is shown at once, and taken back where it cannot be recorded. */
  mark(id: string, read: boolean): void;
  /** Marks all items as read, up to the newest one shown. */
  readAll(): void;
  /** Shows the next older items, too, from now on. Resolves when they are shown, or could not be loaded. */
  older(): Promise<void>;
  close(): void;
}

/** The number of items loaded at once. */
const PAGE = 100;
/** The types of events that change the inbox. */
const NEWS = new Set(['NotificationSent', 'NotificationRead']);

export function startInbox({ api, store, live, trouble }: { api: Api; store: Store; live: Live; trouble: (text: string) => void }): Inbox {
  let subscription: Subscription | undefined;
  let closed = false;
  /** All pages that are shown, as the server told them. */
  let told: InboxPage = { items: [], unread: 0 };
  /** True once older items were asked for: reloads then include them. */
  let reachesBack = false;
  let marks: readonly InboxMark[] = [];
  /** The last position that was heard of and for which no question was sent yet; empty for none. */
  let wanted = '';
  let asked: Promise<unknown> = Promise.resolve();
  let sent: Promise<unknown> = Promise.resolve();

  function show(said = ''): void {
    if (closed) return;
    const { items, unread, next } = marked(told, marks);
    store.set({ inbox: { items, unread, more: next !== undefined }, ...(said ? { said } : {}) });
  }

  /** Asks one question at a time, because each goes on from the answer before. */
  function inTurn<T>(question: () => Promise<T>): Promise<T> {
    const turn = asked.then(() => question());
    asked = turn.catch(() => undefined);
    return turn;
  }

  function ask({ cursor, after }: { cursor?: string | undefined; after?: string | undefined }) {
    return api.get<InboxPage>(`/api/inbox?limit=${PAGE}${cursor === undefined ? '' : `&cursor=${cursor}`}`, { after });
  }

  /** Loads all pages that are shown again; resolves to their position. */
  async function load(after?: string): Promise<string> {
    const before = told.items;
    const { body, position } = await ask({ after });
    told = await backTo(reachesBack ? before.at(-1) : undefined, body);
    marks = pending(marks, position);
    show(after === undefined ? '' : newsIn(told.items, before));
    return position;
  }

  /** Loads page after page from the first one on, up to the oldest item that was shown. */
  async function backTo(oldest: InboxLine | undefined, first: InboxPage): Promise<InboxPage> {
    let all = first;
    while (oldest && isAfter(oldest, all)) all = joined(all, (await ask({ cursor: all.next })).body, oldest.id);
    return all;
  }

  /** Loads the next older page, and the one after it where the first adds no item (where the last reload had ended on its last item). */
  async function loadOlder(): Promise<void> {
    const before = told.items.length;
    while (told.items.length === before && told.next !== undefined) told = joined(told, (await ask({ cursor: told.next })).body);
    reachesBack = true;
    show();
  }

  function heard(change: Change): void {
    if (NEWS.has(change.type)) askSince(change.position);
  }

  /** Loads all pages again, at least as new as this position. Changes that are heard before the question is sent need no further one. */
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

  /** After pages as new as `after` could not be loaded: loads those that there are, and asks again later. */
  async function missed(after: string): Promise<void> {
    setTimeout(() => askSince(after), ASK_AGAIN);
    await load();
  }

  async function begin(): Promise<void> {
    try {
      const position = await inTurn(load);
      if (closed) return;
      subscription = live.subscribe('notifications', { after: position, onChange: heard, onSnapshotNeeded: () => inTurn(load) });
    } catch {
      // The board shows the trouble with the server.
      if (!closed) setTimeout(() => void begin(), ASK_AGAIN);
    }
  }

  /** Shows a mark and sends it after those before it, so that the last mark of an item wins. */
  function mark(one: InboxMark, send: () => Promise<{ position?: string }>): void {
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

  /** Sends the mark again until all items are read: the server marks a limited number at a time. */
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
