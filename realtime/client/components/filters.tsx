/** The filters of the board: by words, by assignee, by label. */
import { useEffect } from 'preact/hooks';
import type { TaskSummary } from '../../../contracts/task.ts';
import { useApp, useApps } from '../app.ts';
import { listed } from '../board-state.ts';
import { type BoardFilters as FilterState, labelsOf, noFilters, wordsIn } from '../board-view.ts';
import { allTasks, visibleTasks } from '../selected.ts';
import { Sign } from './icons.tsx';

/** Milliseconds after the last key until the server is asked, too. */
const PAUSE = 250;

export function Filters() {
  const { store } = useApp();
  const filters = useApps((state) => state.filters);
  const people = useApps((state) => state.people);
  const me = useApps((state) => state.me);
  const tasks = useApps(allTasks);
  const count = useApps(visibleTasks).length;
  const change = (one: Partial<FilterState>) => store.set({ filters: { ...filters, ...one } });
  const others = Object.values(people)
    .filter(({ id }) => id !== me?.id)
    .sort((a, b) => a.name.localeCompare(b.name));
  const isFiltered = filters !== noFilters && Object.values(filters).some(Boolean);
  useServersSearch(filters.text);
  return (
    <search class="filters" aria-label="Filter the tasks">
      <label class="search">
        <span class="unseen">Search</span>
        <Sign name="search" />
        <input
          type="search"
          data-search
          placeholder="Search"
          value={filters.text}
          maxLength={200}
          aria-keyshortcuts="/"
          onInput={(event) => change({ text: event.currentTarget.value })}
          onKeyDown={(event) => {
            if (event.key !== 'Escape') return;
            change({ text: '' });
            event.currentTarget.blur();
          }}
        />
      </label>
      <select aria-label="Assignee" value={filters.assignee} onChange={(event) => change({ assignee: event.currentTarget.value })}>
        <option value="">Everybody</option>
        {me && <option value={me.id}>Mine</option>}
        <option value="none">Nobody’s</option>
        {others.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
      <select aria-label="Label" value={filters.label} onChange={(event) => change({ label: event.currentTarget.value })}>
        <option value="">All labels</option>
        {labelsOf(tasks).map((label) => (
          <option key={label} value={label}>
            {label}
          </option>
        ))}
      </select>
      {isFiltered && (
        <button type="button" class="quiet clear" onClick={() => store.set({ filters: noFilters })}>
          Clear
        </button>
      )}
      <p class="count" role="status">
        {isFiltered ? `${count} of ${tasks.length}` : ''}
      </p>
    </search>
  );
}

/** Asks the server for matching tasks, because it has the descriptions, too, and tasks that the page did not load. */
function useServersSearch(text: string): void {
  const { api, store } = useApp();
  const wanted = wordsIn(text).slice(0, 10).join(' ').slice(0, 200);
  useEffect(() => {
    store.set({ found: new Set() });
    if (!wanted) return;
    let last = true;
    const timer = setTimeout(async () => {
      const answer = await api.get<{ items: TaskSummary[] }>(`/api/tasks?limit=100&q=${encodeURIComponent(wanted)}`).catch(() => undefined);
      if (!last || !answer) return;
      const { items } = answer.body;
      const board = listed(store.get().board, { items, position: answer.position, whole: false });
      store.set({ board, found: new Set(items.map(({ id }) => id)) });
    }, PAUSE);
    return () => {
      last = false;
      clearTimeout(timer);
    };
  }, [wanted, api, store]);
}
