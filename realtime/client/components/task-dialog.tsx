/** The dialog of one task: its fields, assignee, comments and history. */
import { useEffect, useState } from 'preact/hooks';
import { NOT_YOURS_TO_CHANGE, STATUSES, type Status, type TaskDetail, type TaskSummary } from '../../../contracts/task.ts';
import { useApp, useApps, useNames } from '../app.ts';
import { shown } from '../board-state.ts';
import { mayMove, STATUS_NAMES } from '../board-view.ts';
import { mayChange } from '../rights.ts';
import type { OpenTask } from '../store.ts';
import { ago, fullTime, timeWithDay } from '../words.ts';
import { AssigneeSelect } from './assignee-select.tsx';
import { DropPlace, usePaste } from './choosing-files.tsx';
import { Comments } from './comments.tsx';
import { Dialog, DialogHead } from './dialog.tsx';
import { EditTask } from './edit-task.tsx';
import { FilesOf } from './files.tsx';
import { History } from './history.tsx';
import { PriorityIcon, Sign, StatusIcon } from './icons.tsx';
import { Viewing } from './viewing.tsx';
import { WatchButton } from './watch-button.tsx';

/** A dialog over the task's: its form, its history, or one of its pictures. */
type Part = 'edit' | 'history' | `files/${string}` | undefined;

export function TaskPlace({ task, part }: { task: string; part?: Part }) {
  const id = task.toLowerCase();
  const file = /^files\/(.+)$/.exec(part ?? '')?.[1];
  return (
    <>
      <TaskDialog key={id} id={id} part={part} />
      {file && <Viewing task={id} id={file} />}
    </>
  );
}

function TaskDialog({ id, part }: { id: string; part: Part }) {
  const { navigation, show } = useApp();
  const own = `/tasks/${id}`;
  const open = useApps((state) => (state.open?.id === id ? state.open : null));
  const task = useApps((state) => shown(state.board, id)) ?? open?.detail ?? null;
  const whole = wholeOf(open, task);
  const isMine = useApps((state) => whole !== null && mayChange(state, whole));
  const edited = useEdited(isMine ? whole : null, part === 'edit');
  const close = () => navigation.leave('/');
  useEffect(() => {
    show(id);
    return () => show(null);
  }, [id, show]);
  const stays = (path: string) => (edited ? path === `${own}/edit` : path === own || path.startsWith(`${own}/files/`));
  return (
    <Dialog label={task?.title ?? 'Task'} kind="sheet" onClose={close} stays={stays}>
      <Inside open={open} whole={whole} edited={edited} part={part} onClose={close} />
    </Dialog>
  );
}

interface InsideProps {
  open: OpenTask | null;
  whole: TaskDetail | null;
  edited: TaskDetail | null;
  part: Part;
  onClose: () => void;
}

function Inside({ open, whole, edited, part, onClose }: InsideProps) {
  const { navigation } = useApp();
  const trouble = open?.trouble ?? null;
  if (edited) return <EditTask task={whole ?? edited} lost={whole ? '' : (trouble ?? '')} onDone={() => navigation.leave(`/tasks/${edited.id}`)} />;
  return whole ? <Task task={whole} part={part} onClose={onClose} /> : <Waiting trouble={trouble} />;
}

/** The task as it was when editing began, kept so that typed text outlives the right to see or change the task; null while it is not edited. `own`: the task, where the user may change it. */
function useEdited(own: TaskDetail | null, isEdited: boolean): TaskDetail | null {
  const [edited, setEdited] = useState<TaskDetail | null>(null);
  useEffect(() => {
    if (isEdited && own && !edited) setEdited(own);
    if (isEdited || !edited) return;
    setEdited(null);
    requestAnimationFrame(() => document.querySelector<HTMLElement>('dialog')?.focus());
  }, [isEdited, own, edited]);
  return edited;
}

/** The loaded details with the board's newer fields of the task; null before the details are loaded. */
function wholeOf(open: OpenTask | null, task: TaskSummary | TaskDetail | null): TaskDetail | null {
  const detail = open?.detail ?? null;
  return task && detail && { ...detail, ...task, comments: detail.comments };
}

function Waiting({ trouble }: { trouble: string | null }) {
  return (
    <>
      <DialogHead title={trouble ? 'This task cannot be shown' : 'One moment…'} />
      <p role="status">{trouble}</p>
    </>
  );
}

function Task({ task, part, onClose }: { task: TaskDetail; part: Part; onClose: () => void }) {
  const { uploads, navigation } = useApp();
  const own = `/tasks/${task.id}`;
  const tab = part === 'history' ? part : 'comments';
  const trouble = useApps((state) => state.open?.trouble);
  const isMine = useApps((state) => mayChange(state, task));
  const add = (chosen: readonly File[]) => void uploads.add({ kind: 'task', id: task.id }, chosen);
  usePaste(add);
  return (
    <DropPlace class="task-inside" name={`whole-task:${task.id}`} onFiles={add}>
      <DialogHead title={task.title} />
      {trouble && <p class="wrong">{trouble}</p>}
      {!isMine && <p class={part === 'edit' ? 'wrong' : 'soft'}>{NOT_YOURS_TO_CHANGE} You can comment on this one, and watch it.</p>}
      <StatusChoice id={task.id} status={task.status} isMine={isMine} />
      <Facts task={task} isMine={isMine} />
      {task.description ? <p class="description">{task.description}</p> : <p class="description description-none">No description.</p>}
      <FilesOf kind="task" id={task.id} label="Files of the task" adds />
      <div class="task-buttons">
        {isMine && (
          <button type="button" onClick={() => navigation.go(`${own}/edit`)}>
            <Sign name="pen" />
            Edit
          </button>
        )}
        <WatchButton task={task} />
        {isMine && <DeleteButton id={task.id} onClose={onClose} />}
      </div>
      <div class="views">
        <button type="button" aria-pressed={tab === 'comments'} onClick={() => navigation.go(own, { replace: true })}>
          Comments <span class="tab-count">{task.comments.length}</span>
        </button>
        <button type="button" aria-pressed={tab === 'history'} onClick={() => navigation.go(`${own}/history`, { replace: true })}>
          History
        </button>
      </div>
      {tab === 'comments' ? <Comments task={task} /> : <History />}
    </DropPlace>
  );
}

function DeleteButton({ id, onClose }: { id: string; onClose: () => void }) {
  const { actions } = useApp();
  return (
    <button
      type="button"
      class="danger"
      onClick={() => {
        onClose();
        actions.remove(id);
      }}
    >
      <Sign name="bin" />
      Delete
    </button>
  );
}

function StatusChoice({ id, status, isMine }: { id: string; status: Status; isMine: boolean }) {
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
          disabled={one !== status && !(isMine && mayMove(status, one))}
          onClick={() => actions.move(id, one)}
        >
          <StatusIcon status={one} />
          {STATUS_NAMES[one]}
        </button>
      ))}
    </fieldset>
  );
}

function Facts({ task, isMine }: { task: TaskSummary | TaskDetail; isMine: boolean }) {
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
          <AssigneeSelect id="assignee" value={assignee} disabled={!isMine} onChange={(userId) => actions.assign(id, userId)} />
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
        <dd>{deadline ? <time dateTime={deadline}>{timeWithDay(deadline)}</time> : 'none'}</dd>
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
