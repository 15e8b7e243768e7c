import { useState } from 'preact/hooks';
import type { Status, TaskSummary } from '../../../contracts/task.ts';
import { useApp, useApps } from '../app.ts';
import { STATUS_NAMES } from '../board-view.ts';
import { Card } from './card.tsx';
import { StatusIcon } from './icons.tsx';

interface ColumnProps {
  status: Status;
  tasks: readonly TaskSummary[];
  /** The column's state as a drop target: `takes` the dragged card, has it `over` itself, or `refuses` it; empty while no card is dragged. */
  drop: string;
  dragged: string | undefined;
  tabStop: string | undefined;
  isLoading: boolean;
  /** True where there is no task at all. */
  isEmpty: boolean;
}

/** The number of cards drawn at first; a long column shows more on demand. */
const PAGE = 60;

const NOTHING: Record<Status, string> = {
  open: 'Nothing waits. Enjoy it.',
  'in-progress': 'Nobody is at work on anything.',
  done: 'What gets finished is kept here.',
  cancelled: 'Nothing was given up.',
};

export function Column({ status, tasks, drop, dragged, tabStop, isLoading, isEmpty }: ColumnProps) {
  const [pages, setPages] = useState(1);
  const heading = `heading-${status}`;
  const drawn = tasks.slice(0, pages * PAGE);
  return (
    <section id={`column-${status}`} class={`column column-${status} ${drop && `column-${drop}`}`} aria-labelledby={heading} data-drop={status}>
      <header class="column-head">
        <h2 id={heading}>
          <StatusIcon status={status} />
          {STATUS_NAMES[status]}
          <span class="unseen">, {tasks.length === 1 ? '1 task' : `${tasks.length} tasks`}</span>
        </h2>
        <span class="column-count" aria-hidden="true">
          {tasks.length}
        </span>
      </header>
      {isLoading ? <Skeleton /> : null}
      {tasks.length > 0 && (
        <ul class="cards">
          {drawn.map((task) => (
            <li key={task.id}>
              <Card task={task} isTabStop={tabStop === task.id} isDragged={dragged === task.id} />
            </li>
          ))}
        </ul>
      )}
      {tasks.length > drawn.length && (
        <button type="button" class="quiet show-more" onClick={() => setPages(pages + 1)}>
          Show {Math.min(PAGE, tasks.length - drawn.length)} more
        </button>
      )}
      {!isLoading && tasks.length === 0 && <Nothing status={status} isEmpty={isEmpty} />}
    </section>
  );
}

function Nothing({ status, isEmpty }: { status: Status; isEmpty: boolean }) {
  const { navigation } = useApp();
  const isFiltered = useApps(({ filters }) => Object.values(filters).some(Boolean));
  if (isFiltered) return <p class="nothing">Nothing here passes the filter.</p>;
  if (status !== 'open' || !isEmpty) return <p class="nothing">{NOTHING[status]}</p>;
  return (
    <div class="nothing nothing-first">
      <p>The ledger is empty.</p>
      <p>Write the first line, and everybody sees it at once.</p>
      <button type="button" class="primary" onClick={() => navigation.go('/tasks/new')}>
        Write the first task
      </button>
    </div>
  );
}

function Skeleton() {
  return (
    <div class="skeleton" aria-hidden="true">
      <span />
      <span />
      <span />
    </div>
  );
}
