/** Keeps the inbox right: loads it, hears of what is new, marks what is read. */
import { reason } from './actions.ts';
import type { Api } from './api.ts';
import type { Change, Live, Subscription } from './live.ts';
import type { InboxItem, Store } from './store.ts';

export interface Inbox {
  /** Marks one as read; shown at once. */
  read(id: string): void;
  /** Marks what is there as read, and what is older. */
  readAll(): void;
  close(): void;
}

interface Answer {
  items: InboxItem[];
  unread: number;
  next?: string;
}

/** As many as are shown. */
const SHOWN = 100;
/** Of these the board says nothing: they are said when they come. */
const SAID = new Set(['message', 'due_soon', 'overdue', 'order_confirmed', 'order_rejected']);
/** After these another answer is to be had. */
const NEWS = new Set(['NotificationSent', 'NotificationRead']);

export function startInbox({ api, store, live, trouble }: { api: Api; store: Store; live: Live; trouble: (text: string) => void }): Inbox {
  let subscription: Subscription | undefined;
  let closed = false;
  /** The last position heard of that no answer was asked for yet. */
  let wanted = '';
  let asking = false;

  async function load(after?: string): Promise<string> {
    const { body, position } = await api.get<Answer>(`/api/inbox?limit=${SHOWN}`, { after });
    if (!closed) show(body, after !== undefined);
    return position;
  }

  function show({ items, unread, next }: Answer, isNews: boolean): void {
    const before = store.get().inbox;
    const newest = isNews ? items.find(({ id, read, kind }) => !read && SAID.has(kind) && !before.items.some((one) => one.id === id)) : undefined;
    store.set({
      inbox: { items, unread, more: next !== undefined },
      ...(newest ? { said: `New in your inbox: ${newest.title}. ${newest.text}` } : {}),
    });
  }

  function heard(change: Change): void {
    if (!NEWS.has(change.type)) return;
    wanted = change.position;
    void ask();
  }

  /** One question at a time; what was heard meanwhile is asked for in the next. */
  async function ask(): Promise<void> {
    if (asking) return;
    asking = true;
    try {
      while (wanted && !closed) {
        const after = wanted;
        wanted = '';
        await load(after);
      }
    } catch {
      // What comes next is asked for again, and what was missed with it.
    } finally {
      asking = false;
    }
  }

  async function begin(): Promise<void> {
    const position = await load();
    if (closed) return;
    subscription = live.subscribe('notifications', { after: position, onChange: heard, onSnapshotNeeded: () => load() });
  }

  /** Shows these as read at once, and takes it back where that cannot be recorded. */
  function mark(ids: ReadonlySet<string>, unread: number, send: () => Promise<unknown>): void {
    const before = store.get().inbox;
    store.set({ inbox: { ...before, items: before.items.map((one) => (ids.has(one.id) ? { ...one, read: true } : one)), unread } });
    send().catch((error) => {
      trouble(reason(error));
      void load().catch(() => undefined);
    });
  }

  /** So many at a time. */
  async function sendReadAll(before: string): Promise<void> {
    for (let more = true; more && !closed; ) {
      const answer: unknown = await api.command('POST', '/api/inbox/read-all', { body: { before } });
      more = (answer as { more: boolean }).more;
    }
  }

  void begin().catch(() => {
    // The board says what is wrong with the server.
  });

  return {
    read(id) {
      const { items, unread } = store.get().inbox;
      if (items.find((one) => one.id === id)?.read !== false) return;
      mark(new Set([id]), Math.max(0, unread - 1), () => api.command('PUT', `/api/notifications/${id}/read`, { body: { read: true } }));
    },
    readAll() {
      const { items } = store.get().inbox;
      const [newest] = items;
      if (newest) mark(new Set(items.map(({ id }) => id)), 0, () => sendReadAll(newest.createdAt));
    },
    close() {
      closed = true;
      subscription?.close();
    },
  };
}
