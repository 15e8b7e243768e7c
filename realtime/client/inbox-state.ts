/** The state of the inbox: the pages that the server told, and over them the user's marks that it has not recorded yet. */
import { KINDS, kinds } from '../../contracts/notifications/kinds.ts';
import type { InboxLine } from './store.ts';

/** The newest items and the number of all unread items, as the server tells them. */
export interface InboxPage {
  items: readonly InboxLine[];
  unread: number;
  /** The cursor of the page after these items; missing after the last. */
  next?: string;
}

export interface InboxMark {
  /** The marked items: one by its id, or all that came up to an instant. */
  what: { id: string } | { by: string };
  read: boolean;
  /** The position at which the mark was recorded: pages as of it or later include the mark. Missing until then. */
  position?: string;
}

/** The pages as they will be when these marks are recorded, in this order. */
export function marked(told: InboxPage, marks: readonly InboxMark[]): InboxPage {
  return marks.reduce(withMark, told);
}

function withMark({ items: before, ...told }: InboxPage, { what, read }: InboxMark): InboxPage {
  const differs = (one: InboxLine) => one.read !== read && ('id' in what ? one.id === what.id : one.createdAt <= what.by);
  const count = before.filter(differs).length;
  const items = before.map((one) => (differs(one) ? { ...one, read } : one));
  if ('id' in what) return { ...told, items, unread: Math.max(0, told.unread + (read ? -count : count)) };
  // The mark includes all items that are older than these: so the unread items that are left are all here.
  return { ...told, items, unread: items.filter((one) => !one.read).length };
}

/** The marks that pages as of this position do not include. */
export function pending(marks: readonly InboxMark[], position: string): InboxMark[] {
  return marks.filter((mark) => mark.position === undefined || mark.position > position);
}

/** The pages with the next one joined: up to the item `last`, where it is on that page, else all of it. No item comes twice. */
export function joined({ next: cursor, ...told }: InboxPage, page: InboxPage, last?: string): InboxPage {
  const known = new Set(told.items.map(({ id }) => id));
  const end = page.items.findIndex(({ id }) => id === last) + 1 || page.items.length;
  const items = [...told.items, ...page.items.slice(0, end).filter(({ id }) => !known.has(id))];
  // The cursor of a page that was cut off stays, so that its rest comes when older items are asked for.
  const next = end < page.items.length ? cursor : page.next;
  return { ...told, items, ...(next === undefined ? {} : { next }) };
}

/** True where an item that was shown may be on a page after these. */
export function isAfter({ id, createdAt }: InboxLine, { items, next }: InboxPage): boolean {
  const last = items.at(-1);
  return next !== undefined && last !== undefined && last.createdAt >= createdAt && !items.some((one) => one.id === id);
}

/** The kinds whose new items are announced, because the board does not announce their events. */
const SAID: ReadonlySet<string> = new Set(KINDS.filter((kind) => kinds[kind].aloud));

/** The announcement of the newest item that was not there before; empty for none. */
export function newsIn(items: readonly InboxLine[], before: readonly InboxLine[]): string {
  const known = new Set(before.map(({ id }) => id));
  const newest = items.find(({ id, read, kind }) => !read && SAID.has(kind) && !known.has(id));
  return newest ? `New in your inbox: ${newest.title}. ${newest.text}` : '';
}
