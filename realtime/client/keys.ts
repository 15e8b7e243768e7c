/** The keyboard: the keys and their effects. Keys of a card work only while it has the focus. */
import { STATUSES, type Status } from '../../contracts/task.ts';
import type { App } from './app.ts';
import { shown } from './board-state.ts';
import { columnsOf, neighbour, nextStatus } from './board-view.ts';
import { visibleTasks } from './selected.ts';

/** The keys and their effects, for the help. */
export const KEYS: readonly { keys: string[]; does: string }[] = [
  { keys: ['←', '→', '↑', '↓'], does: 'Go from card to card' },
  { keys: ['Home', 'End'], does: 'First and last card of the column' },
  { keys: ['Shift ←', 'Shift →'], does: 'Move the card to the next status it may have' },
  { keys: ['1', '2', '3', '4'], does: 'Move the card to Open, In progress, Done, Cancelled' },
  { keys: ['Enter'], does: 'Open the card' },
  { keys: ['Delete'], does: 'Delete the card' },
  { keys: ['u'], does: 'Undo the last deletion' },
  { keys: ['n'], does: 'New task' },
  { keys: ['i'], does: 'Open the inbox' },
  { keys: ['/'], does: 'Search' },
  { keys: ['?'], does: 'Show these keys' },
  { keys: ['Esc'], does: 'Close' },
];

export function listenToKeys(app: App): void {
  document.addEventListener('keydown', (event) => {
    if (!app.store.get().me || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target as HTMLElement;
    const card = target.closest<HTMLElement>('[data-card]')?.dataset.card;
    const handled = (card && onCard(app, card, event)) || (!typing(target) && onPage(app, event.key));
    if (handled) event.preventDefault();
  });
}

function typing(target: HTMLElement): boolean {
  return target.closest('input, textarea, select, dialog') !== null;
}

/** Handles keys of the card that has the focus; true where the key had an effect. */
function onCard(app: App, id: string, event: KeyboardEvent): boolean {
  if (event.key === 'Delete') {
    const next = nearby(app, id);
    if (app.actions.remove(id)) focusCard(next);
    return true;
  }
  const to = statusOf(app, id, event);
  if (to !== undefined) return moved(app, id, to);
  if (!/^(Arrow|Home$|End$)/.test(event.key)) return false;
  focusCard(neighbour(columnsOf(visibleTasks(app.store.get())), id, event.key));
  return true;
}

/** The id of the card that gets the focus after this one is deleted. */
function nearby(app: App, id: string): string | undefined {
  const columns = columnsOf(visibleTasks(app.store.get()));
  return ['ArrowDown', 'ArrowUp', 'ArrowRight', 'ArrowLeft'].map((key) => neighbour(columns, id, key)).find((one) => one !== undefined);
}

const STEPS: Record<string, -1 | 1> = { ArrowLeft: -1, ArrowRight: 1 };

/** The status that a key moves this card to; null where the card cannot go there; undefined for other keys. */
function statusOf(app: App, id: string, { key, shiftKey }: KeyboardEvent): Status | null | undefined {
  const { board, singleKeys } = app.store.get();
  const task = shown(board, id);
  const step = STEPS[key];
  if (task && shiftKey && step) return nextStatus(task.status, step) ?? null;
  return singleKeys && /^[1-4]$/.test(key) ? STATUSES[Number(key) - 1] : undefined;
}

function moved(app: App, id: string, to: Status | null): boolean {
  if (to) {
    app.actions.move(id, to);
    focusCard(id);
  } else app.actions.say('It cannot go further that way.');
  return true;
}

/** Handles keys of the whole page; true where the key had an effect. */
function onPage(app: App, key: string): boolean {
  const { store, actions, navigation } = app;
  const keys: Record<string, () => void> = {
    n: () => navigation.go('/tasks/new'),
    i: () => navigation.go('/inbox'),
    '/': () => document.querySelector<HTMLElement>('[data-search]')?.focus(),
    '?': () => navigation.go('/keys'),
    u: () => actions.undo(),
    ArrowDown: () => document.querySelector<HTMLElement>('[data-card][tabindex="0"]')?.focus(),
  };
  const act = store.get().singleKeys || key === 'ArrowDown' ? keys[key] : undefined;
  if (!act || store.get().open) return false;
  act();
  return true;
}

/** Focuses a card once it is drawn at its place. */
export function focusCard(id: string | undefined): void {
  if (!id) return;
  requestAnimationFrame(() => {
    const card = document.querySelector<HTMLElement>(`[data-card="${id}"]`);
    card?.focus();
    card?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  });
}
