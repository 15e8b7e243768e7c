/** One task: what it is, who does it, what was said and what happened. */
import { useState } from 'preact/hooks';
import { STATUSES, type Status, type TaskDetail, type TaskSummary } from '../../../contracts/task.ts';
import { useApp, useApps, useNames } from '../app.ts';
import { shown } from '../board-state.ts';
import { mayMove, STATUS_NAMES } from '../board-view.ts';
import { ago, fullTime, shortDay } from '../words.ts';
import { AssigneeSelect } from './assignee-select.tsx';
import { Comments } from './comments.tsx';
import { Dialog } from './dialog.tsx';
import { EditTask } from './edit-task.tsx';
import { History } from './history.tsx';
import { PriorityIcon, Sign, StatusIcon } from './icons.tsx';

export function TaskDialog({ id }: { id: string }) {
  const { go } = useApp();
  const detail = useApps((state) => state.open?.detail ?? null);
  const trouble = useApps((state) => state.open?.trouble ?? null);
  const task = useApps((state) => shown(state.board, id)) ?? detail;
  const close = () => go(null);
  return (
    <Dialog label={task?.title ?? 'Task'} kind="sheet" onClose={close}>
      {task && detail ? (
        <Task task={{ ...detail, ...task, comments: detail.comments }} onClose={close} />
      ) : (
        <Waiting trouble={trouble} onClose={close} />
      )}
    </Dialog>
  );
}

function Waiting({ trouble, onClose }: { trouble: string | null; onClose: () => void }) {
  return (
    <>
      <header class="dialog-head">
        <h2>{trouble ? 'This task cannot be shown' : 'One moment…'}</h2>
        <CloseButton onClose={onClose} />
      </header>
      <p role="status">{trouble}</p>
    </>
  );
}

function CloseButton({ onClose }: { onClose: () => void }) {
  return (
    <button type="button" class="quiet" aria-label="Close" title="Close (Esc)" onClick={onClose}>
      <Sign name="close" />
    </button>
  );
}

function Task({ task, onClose }: { task: TaskDetail; onClose: () => void }) {
  const { actions } = useApp();
  const [isEditing, setEditing] = useState(false);
  const [tab, setTab] = useState<'comments' | 'history'>('comments');
  const trouble = useApps((state) => state.open?.trouble);
  if (isEditing) return <EditTask task={task} onDone={() => setEditing(false)} />;
  return (
    <>
      <header class="dialog-head">
        <h2>{task.title}</h2>
        <CloseButton onClose={onClose} />
      </header>
      {trouble && <p class="wrong">{trouble}</p>}
      <StatusChoice id={task.id} status={task.status} />
      <Facts task={task} />
      {task.description ? <p class="description">{task.description}</p> : <p class="description description-none">No description.</p>}
      <div class="task-buttons">
        <button type="button" onClick={() => setEditing(true)}>
          <Sign name="pen" />
          Edit
        </button>
        <button
          type="button"
          class="danger"
          onClick={() => {
            onClose();
            actions.remove(task.id);
          }}
        >
          <Sign name="bin" />
          Delete
        </button>
      </div>
      <div class="views">
        <button type="button" aria-pressed={tab === 'comments'} onClick={() => setTab('comments')}>
          Comments <span class="tab-count">{task.comments.length}</span>
        </button>
        <button type="button" aria-pressed={tab === 'history'} onClick={() => setTab('history')}>
          History
        </button>
      </div>
      {tab === 'comments' ? <Comments task={task} /> : <History />}
    </>
  );
}

function StatusChoice({ id, status }: { id: string; status: Status }) {
  const { actions } = useApp();
  return (
    <fieldset class="statuses">
      <legend class="unseen">Status</legend>
      {STATUSES.map((one) => (
        <button
          type="button"
          key={one}
          class={`status-button status-${one}`}
          aria-pressed={one === status}
          disabled={one !== status && !mayMove(status, one)}
          onClick={() => actions.move(id, one)}
        >
          <StatusIcon status={one} />
          {STATUS_NAMES[one]}
        </button>
      ))}
    </fieldset>
  );
}

function Facts({ task }: { task: TaskSummary | TaskDetail }) {
  const { actions } = useApp();
  const nameOf = useNames();
  const { id, assignee, priority, deadline, labels, maker, createdAt } = task;
  return (
    <dl class="facts">
      <div>
        <dt>
          <label for="assignee">For</label>
        </dt>
        <dd>
          <AssigneeSelect id="assignee" value={assignee} onChange={(userId) => actions.assign(id, userId)} />
        </dd>
      </div>
      <div>
        <dt>Priority</dt>
        <dd class={`priority priority-${priority}`}>
          <PriorityIcon priority={priority} />
          {priority}
        </dd>
      </div>
      <div>
        <dt>Deadline</dt>
        <dd>{deadline ? <time dateTime={deadline}>{`${fullTime(deadline)} (${shortDay(deadline)})`}</time> : 'none'}</dd>
      </div>
      {labels.length > 0 && (
        <div>
          <dt>Labels</dt>
          <dd class="card-labels">
            {labels.map((label) => (
              <span class="label" key={label}>
                {label}
              </span>
            ))}
          </dd>
        </div>
      )}
      <div>
        <dt>Made by</dt>
        <dd>
          {nameOf(maker)},{' '}
          <time dateTime={createdAt} title={fullTime(createdAt)}>
            {ago(createdAt)}
          </time>
        </dd>
      </div>
    </dl>
  );
}
