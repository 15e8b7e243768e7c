/** Four columns of cards. */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { STATUSES, type Status } from '../../../contracts/task.ts';
import { useApp, useApps } from '../app.ts';
import { shown } from '../board-state.ts';
import { columnsOf, mayMove, STATUS_NAMES } from '../board-view.ts';
import { type Drag, draggable } from '../drag.ts';
import { useGlide } from '../glide.ts';
import { mayChange } from '../rights.ts';
import { allTasks, visibleTasks } from '../selected.ts';
import type { AppState } from '../store.ts';
import { Column } from './column.tsx';
import { StatusIcon } from './icons.tsx';

export function Board() {
  const { store, actions } = useApp();
  const lanes = useRef<HTMLElement>(null);
  const [drag, setDrag] = useState<Drag | null>(null);
  const [near, setNear] = useState<Status>('open');
  const columns = columnsOf(useApps(visibleTasks));
  const more = useApps((state) => state.more);
  const isLoading = useApps((state) => state.phase === 'loading');
  const isEmpty = useApps(allTasks).length === 0;
  const order = STATUSES.map((status) => columns[status].map(({ id }) => id).join()).join(';');
  const tabStop = useTabStop(lanes, order);
  useGlide(lanes, order);
  useKeptFocus(order);

  useEffect(() => {
    if (!lanes.current) return;
    return draggable(lanes.current, {
      onDrag: setDrag,
      onDrop: (id, to) => actions.move(id, to as Status),
      takes: (id, to) => takes(store.get(), id, to as Status),
    });
  }, [store, actions]);

  const from = drag ? shown(store.get().board, drag.id)?.status : undefined;
  const drop = (status: Status) => {
    if (!from) return '';
    if (drag?.over === status) return 'over';
    return drag && takes(store.get(), drag.id, status) ? 'takes' : 'refuses';
  };

  return (
    <>
      <nav class="tabs" aria-label="Columns">
        {STATUSES.map((status) => (
          <button
            type="button"
            key={status}
            aria-current={near === status ? 'true' : undefined}
            onClick={() => document.getElementById(`column-${status}`)?.scrollIntoView({ inline: 'start', block: 'nearest' })}
          >
            <StatusIcon status={status} />
            <span class="tab-name">{STATUS_NAMES[status]}</span>
            <span class="tab-count">{columns[status].length}</span>
          </button>
        ))}
      </nav>
      <section
        ref={lanes}
        class={drag ? 'lanes lanes-dragging' : 'lanes'}
        aria-label="Columns of tasks"
        onScroll={(event) => setNear(nearest(event.currentTarget))}
      >
        {STATUSES.map((status) => (
          <Column
            key={status}
            status={status}
            tasks={columns[status]}
            drop={drop(status)}
            dragged={drag?.id}
            tabStop={tabStop}
            isLoading={isLoading}
            isEmpty={isEmpty}
          />
        ))}
      </section>
      {more && <p class="more-there">There are more tasks than are shown here. Search finds the others.</p>}
      {drag && <Dock places={STATUSES.filter((status) => takes(store.get(), drag.id, status))} over={drag.over} />}
    </>
  );
}

/** True where the user may move this task to this status. */
function takes(state: AppState, id: string, to: Status): boolean {
  const task = shown(state.board, id);
  return task !== undefined && mayChange(state, task) && mayMove(task.status, to);
}

/** The drop targets for a dragged card on a narrow screen. */
function Dock({ places, over }: { places: readonly Status[]; over: string | null }) {
  return (
    <div class="dock" aria-hidden="true">
      {places.map((status) => (
        <div key={status} data-drop={status} class={over === status ? 'dock-place dock-over' : 'dock-place'}>
          <StatusIcon status={status} />
          {STATUS_NAMES[status]}
        </div>
      ))}
    </div>
  );
}

/** The status of the leftmost visible column. */
function nearest(lanes: HTMLElement): Status {
  const at = Math.round((lanes.scrollLeft / lanes.scrollWidth) * STATUSES.length);
  return STATUSES[at] ?? 'open';
}

/** The id of the card that the Tab key stops at: the card that had the focus last, else the first. */
function useTabStop(lanes: { current: HTMLElement | null }, order: string): string | undefined {
  const [last, setLast] = useState<string>();
  useEffect(() => {
    const focused = (event: FocusEvent) => {
      const id = (event.target as HTMLElement).closest<HTMLElement>('[data-card]')?.dataset.card;
      if (id) setLast(id);
    };
    const element = lanes.current;
    element?.addEventListener('focusin', focused);
    return () => element?.removeEventListener('focusin', focused);
  }, [lanes]);
  const ids = order.split(/[;,]/).filter(Boolean);
  return last && ids.includes(last) ? last : ids[0];
}

/** Gives the focus back to a card that lost it because it was drawn anew elsewhere, unless the user moved the focus meanwhile. */
function useKeptFocus(order: string): void {
  const focused = useRef<string | undefined>(undefined);
  useEffect(() => {
    const note = ({ target }: Event) => {
      focused.current = target instanceof Element ? target.closest<HTMLElement>('[data-card]')?.dataset.card : undefined;
    };
    document.addEventListener('focusin', note);
    document.addEventListener('pointerdown', note);
    return () => {
      document.removeEventListener('focusin', note);
      document.removeEventListener('pointerdown', note);
    };
  }, []);
  useLayoutEffect(() => {
    if (!focused.current || document.activeElement !== document.body) return;
    document.querySelector<HTMLElement>(`[data-card="${focused.current}"]`)?.focus({ preventScroll: true });
  }, [order]);
}
