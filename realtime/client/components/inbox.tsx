/** The inbox: a bell with the number of unread items, and the dialog of the items. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { useApp, useApps } from '../app.ts';
import type { InboxLine } from '../store.ts';
import { ago, fullTime } from '../words.ts';
import { Dialog, DialogHead } from './dialog.tsx';
import { Sign } from './icons.tsx';

/** The number up to which the server counts. */
const MOST = 1_000;

export function Bell() {
  const { navigation } = useApp();
  const unread = useApps((state) => state.inbox.unread);
  const many = unread >= MOST ? `${MOST} or more` : String(unread);
  return (
    <button
      type="button"
      class="quiet bell"
      data-bell
      aria-label={unread > 0 ? `Inbox, ${many} unread` : 'Inbox'}
      aria-keyshortcuts="i"
      title="Inbox (i)"
      onClick={() => navigation.go('/inbox')}
    >
      <Sign name="bell" />
      {unread > 0 && (
        <span class="bell-count" aria-hidden="true">
          {unread > 99 ? '99+' : unread}
        </span>
      )}
    </button>
  );
}

export function InboxDialog() {
  const { navigation, inbox } = useApp();
  const { items, unread, more } = useApps((state) => state.inbox);
  useEffect(
    () => () => {
      // The focus goes back to the bell, unless another dialog was opened from here.
      requestAnimationFrame(() => document.querySelector('dialog') ?? document.querySelector<HTMLElement>('[data-bell]')?.focus());
    },
    [],
  );
  return (
    <Dialog label="Inbox" kind="sheet" onClose={() => navigation.leave('/')}>
      <DialogHead title="Inbox" />
      <div class="inbox-head">
        <p role="status">{unread === 0 ? 'All is read.' : `${unread >= MOST ? `${MOST} or more` : unread} unread`}</p>
        {unread > 0 && (
          <button type="button" onClick={inbox.readAll}>
            Mark all as read
          </button>
        )}
      </div>
      {items.length === 0 && <p class="inbox-none">What concerns you will be told here.</p>}
      <ol class="inbox">
        {items.map((item) => (
          <Item key={item.id} item={item} />
        ))}
      </ol>
      {more && <Older />}
    </Dialog>
  );
}

/** A button that shows older items and focuses the first of them. */
function Older() {
  const { inbox } = useApp();
  const [busy, setBusy] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const load = async () => {
    if (busy) return;
    setBusy(true);
    const last = rowBefore(button.current);
    await inbox.older();
    setBusy(false);
    requestAnimationFrame(() => last?.nextElementSibling?.querySelector('button')?.focus());
  };
  return (
    <button type="button" class="inbox-older" ref={button} aria-disabled={busy} onClick={load}>
      {busy ? 'Loading…' : 'Show older'}
    </button>
  );
}

/** The last row of the list before this. */
function rowBefore(element: Element | null): Element | null {
  return element?.previousElementSibling?.lastElementChild ?? null;
}

function Item({ item }: { item: InboxLine }) {
  const { navigation, inbox } = useApp();
  const { id, title, text, link, read, createdAt } = item;
  const task = /#task=(.+)$/.exec(link)?.[1];
  const other = read ? 'Mark as unread' : 'Mark as read';
  const open = () => {
    inbox.mark(id, true);
    if (task) navigation.go(`/tasks/${task}`);
  };
  return (
    <li class="inbox-row">
      <button type="button" class={read ? 'inbox-item' : 'inbox-item inbox-unread'} data-inbox-item={read ? 'read' : 'unread'} onClick={open}>
        {!read && <span class="unseen">Unread: </span>}
        <span class="inbox-title">{title}</span>
        <span class="inbox-text">{text}</span>
        <time dateTime={createdAt} title={fullTime(createdAt)}>
          {ago(createdAt)}
        </time>
      </button>
      <button type="button" class="quiet inbox-mark" aria-label={`${other}: ${title}`} title={other} onClick={() => inbox.mark(id, !read)}>
        <Sign name={read ? 'letter' : 'letterOpen'} />
      </button>
    </li>
  );
}
