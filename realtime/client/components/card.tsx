import type { TaskSummary } from '../../../contracts/task.ts';
import { useApp, useApps } from '../app.ts';
import { nameIn } from '../former.ts';
import { fullTime, shortDay } from '../words.ts';
import { PriorityIcon, Sign } from './icons.tsx';
import { Person } from './person.tsx';
import { Picture } from './picture.tsx';

interface CardProps {
  task: TaskSummary;
  isTabStop: boolean;
  isDragged: boolean;
}

export function Card({ task, isTabStop, isDragged }: CardProps) {
  const { navigation } = useApp();
  const fresh = useApps((state) => state.fresh[task.id]);
  const isPending = useApps((state) => state.board.pending.some((one) => one.id === task.id));
  const classes = ['card', `card-${task.priority}`, isDragged && 'card-dragged', isPending && 'card-pending'].filter(Boolean).join(' ');
  return (
    <button
      type="button"
      class={classes}
      data-card={task.id}
      tabIndex={isTabStop ? 0 : -1}
      aria-keyshortcuts="Shift+ArrowLeft Shift+ArrowRight Enter Delete"
      onClick={() => navigation.go(`/tasks/${task.id}`)}
    >
      {fresh !== undefined && <span class="card-glow" key={fresh} />}
      <Cover id={task.id} />
      <span class="card-title">{task.title}</span>
      {task.labels.length > 0 && (
        <span class="card-labels">
          <span class="unseen">, labels: </span>
          {task.labels.map((label) => (
            <span class="label" key={label}>
              {label}
            </span>
          ))}
        </span>
      )}
      <CardFoot task={task} />
    </button>
  );
}

/** The first picture of the task. */
function Cover({ id }: { id: string }) {
  const picture = useApps((state) => state.files.covers[id]);
  return picture ? <Picture id={picture} size="320" alt="" class="card-picture" /> : null;
}

function CardFoot({ task }: { task: TaskSummary }) {
  const { priority, deadline, comments, assignee } = task;
  return (
    <span class="card-foot">
      {priority !== 'normal' && (
        <span class={`priority priority-${priority}`}>
          <span class="unseen">, priority </span>
          <PriorityIcon priority={priority} />
          {priority}
        </span>
      )}
      {deadline && <Deadline task={task} deadline={deadline} />}
      {comments > 0 && (
        <span class="card-comments">
          <Sign name="comment" />
          {comments}
          <span class="unseen">{comments === 1 ? ' comment' : ' comments'}</span>
        </span>
      )}
      <span class="card-assignee">
        <Assignee id={assignee} />
      </span>
    </span>
  );
}

function Assignee({ id }: { id: string | null }) {
  const name = useApps((state) => (id ? nameIn(state, id) : 'nobody'));
  return (
    <>
      <span class="unseen">, for {name}</span>
      {id && <Person id={id} />}
    </>
  );
}

function Deadline({ task, deadline }: { task: TaskSummary; deadline: string }) {
  const isOver = Date.parse(deadline) < Date.now() && (task.status === 'open' || task.status === 'in-progress');
  return (
    <span class={isOver ? 'deadline deadline-over' : 'deadline'} title={fullTime(deadline)}>
      <Sign name="clock" />
      <span class="unseen">, {isOver ? 'overdue since ' : 'due '}</span>
      <time dateTime={deadline}>{shortDay(deadline)}</time>
    </span>
  );
}
