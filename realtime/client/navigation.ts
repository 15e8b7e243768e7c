/**
 * The way between the places of the page. Each entry of the browser's history bears its number and the paths of those before it, so that closing a
 * dialog goes back to what is beneath where that is among them; and no way out loses typed text without asking.
 */

/** Something on the page that may hold typed text. */
export interface Guard {
  /** True where its text would be lost at that path. */
  loses(path: string): boolean;
  /** Asks whether the text may be lost; `goOn` is to be called where it may. */
  ask(goOn: () => void): void;
}

export interface Navigation {
  /** Goes to a path, with its query. `sure`: without asking for what is typed. */
  go(path: string, how?: { replace?: boolean; sure?: boolean }): void;
  /** Leaves a dialog, without asking, for the place beneath it. */
  leave(beneath: string): void;
  /** Asks this guard before its text is lost; returns the function that ends that. */
  guard(one: Guard): () => void;
  /** Takes the router's way to a path. To be called before anything is gone to. */
  attach(route: (path: string, replace: boolean) => void): void;
  /** To be called when another place is shown. */
  arrived(): void;
}

/** The mark of an entry of the history: its number in this tab, and the paths of the entries before it, at most TRAIL of them. */
interface Entry {
  at: number;
  trail: readonly string[];
}
const TRAIL = 20;

/** Milliseconds after which a step back counts as done, though nobody heard of it: there was no entry to go back to. */
const STEP = 1_000;

/** Makes the navigation of a window. `look` is called at each step through the history, before the router hears of it. It must hear of them first. */
export function createNavigation(window: Window, look: () => void): Navigation {
  const { history, location } = window;
  const guards = new Set<Guard>();
  let route: (path: string, replace: boolean) => void = () => undefined;
  let entry: Entry = entryOf(history.state) ?? { at: 0, trail: [] };
  let path = location.pathname;
  /** The mark of the entry that is made just now. */
  let next: Entry | undefined;
  /** What the next step through the history is: one that takes back another, one that was allowed, or somebody's. */
  let step: 'undo' | 'allowed' | undefined;
  /** What waits until a step back is done. */
  let waiting: (() => void)[] | undefined;
  history.replaceState(entry, '');

  const after = (): Entry => ({ at: entry.at + 1, trail: [...entry.trail, path].slice(-TRAIL) });
  const guardOf = (to: string) => [...guards].findLast((one) => one.loses(to));

  /** Steps through the history, and holds what is to happen until that is done. */
  function stepBy(by: number, as: 'undo' | 'allowed'): void {
    step = as;
    waiting ??= [];
    history.go(by);
    window.setTimeout(settle, STEP);
  }

  function settle(): void {
    step = undefined;
    const all = waiting ?? [];
    waiting = undefined;
    for (const one of all) one();
  }

  /** Takes the step back that would lose text, and asks about it. */
  function askAt(guard: Guard): void {
    const by = (entryOf(history.state) ?? after()).at - entry.at || 1;
    stepBy(-by, 'undo');
    guard.ask(() => stepBy(by, 'allowed'));
  }

  function take(): void {
    look();
    entry = entryOf(history.state) ?? after();
    path = location.pathname;
    history.replaceState(entry, '');
  }

  window.addEventListener('popstate', (event) => {
    const was = step;
    const guard = was ? undefined : guardOf(location.pathname);
    if (guard || was === 'undo') event.stopImmediatePropagation();
    else take();
    if (was) settle();
    if (guard) askAt(guard);
  });

  window.addEventListener('beforeunload', (event) => {
    if (guardOf('')) event.preventDefault();
  });

  function go(to: string, { replace = false, sure = false }: { replace?: boolean; sure?: boolean } = {}): void {
    if (waiting) return void waiting.push(() => go(to, { replace, sure }));
    const guard = sure ? undefined : guardOf(new URL(to, location.origin).pathname);
    if (guard) {
      guard.ask(() => go(to, { replace, sure: true }));
      return;
    }
    next = replace ? entry : after();
    route(to, replace);
    arrived();
  }

  function arrived(): void {
    entry = entryOf(history.state) ?? next ?? after();
    next = undefined;
    path = location.pathname;
    history.replaceState(entry, '');
  }

  return {
    go,
    leave(beneath) {
      if (waiting) return;
      const { trail } = entry;
      const found = trail.lastIndexOf(beneath);
      // What is beneath is shown at once; the browser's step back takes a moment.
      go(beneath, { replace: true, sure: true });
      if (found >= 0) stepBy(found - trail.length, 'allowed');
    },
    guard(one) {
      guards.add(one);
      return () => guards.delete(one);
    },
    attach(to) {
      route = to;
    },
    arrived,
  };
}

function entryOf(state: unknown): Entry | undefined {
  const { at, trail } = (state ?? {}) as Partial<Entry>;
  return typeof at === 'number' && Array.isArray(trail) ? { at, trail } : undefined;
}
