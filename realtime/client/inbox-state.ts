/** What the inbox shows: the pages that the server told, and on top of them what one marked and it has not recorded yet. */
import { KINDS, kinds } from '../../contracts/notifications/kinds.ts';
import type { InboxItem } from './store.ts';

/** The newest items, and how much of all there is is unread; as the server tells it. */
export interface Told {
  items: readonly InboxItem[];
  unread: number;
  /** Cursor of what comes after these. */
  next?: string;
}

export interface Mark {
  /** An item's id; or an instant: all that came by then. */
  what: { id: string } | { by: string };
  read: boolean;
  /** Once it is recorded: what is told from there on has it in it. */
  position?: string;
}

/** As it will be when all of these are recorded, in this order. */
export function marked(told: Told, marks: readonly Mark[]): Told {
  return marks.reduce(withMark, told);
}

function withMark({ items: before, ...told }: Told, { what, read }: Mark): Told {
  const differs = (one: InboxItem) => one.read !== read && ('id' in what ? one.id === what.id : one.createdAt <= what.by);
  const count = before.filter(differs).length;
  const items = before.map((one) => (differs(one) ? { ...one, read } : one));
  if ('id' in what) return { ...told, items, unread: Math.max(0, told.unread + (read ? -count : count)) };
  // Older ones than these are among all: what is left unread is newer, and here.
  return { ...told, items, unread: items.filter((one) => !one.read).length };
}

/** Those that are not in what was told as of this position. */
export function pending(marks: readonly Mark[], position: string): Mark[] {
  return marks.filter((mark) => mark.position === undefined || mark.position > position);
}

/** With the page after it: as far as the item `last`, where that is on it, else all of it. No item comes twice. */
export function joined({ next: cursor, ...told }: Told, page: Told, last?: string): Told {
  const known = new Set(told.items.map(({ id }) => id));
  const end = page.items.findIndex(({ id }) => id === last) + 1 || page.items.length;
  const items = [...told.items, ...page.items.slice(0, end).filter(({ id }) => !known.has(id))];
  // What was cut off comes with this page again, when it is asked for.
  const next = end < page.items.length ? cursor : page.next;
  return { ...told, items, ...(next === undefined ? {} : { next }) };
}

/** True where an item that was shown may be on a page after these. */
export function isAfter({ id, createdAt }: InboxItem, { items, next }: Told): boolean {
  const last = items.at(-1);
  return next !== undefined && last !== undefined && last.createdAt >= createdAt && !items.some((one) => one.id === id);
}

/** Of these the board says nothing: they are said when they come. */
const SAID: ReadonlySet<string> = new Set(KINDS.filter((kind) => kinds[kind].aloud));

/** What is said of the newest that was not there before; empty: nothing. */
export function newsIn(items: readonly InboxItem[], before: readonly InboxItem[]): string {
  const known = new Set(before.map(({ id }) => id));
  const newest = items.find(({ id, read, kind }) => !read && SAID.has(kind) && !known.has(id));
  return newest ? `New in your inbox: ${newest.title}. ${newest.text}` : '';
}
