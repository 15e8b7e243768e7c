/** The form that changes a task, at the revision that was seen when the form was opened. */
import { useState } from 'preact/hooks';
import type { TaskDetail } from '../../../contracts/task.ts';
import { ApiError } from '../api.ts';
import { useApp } from '../app.ts';
import { differing, newerThan } from '../edited.ts';
import { keptSeen } from '../typed.ts';
import { Conflict } from './conflict.tsx';
import { FormEnd, FormTrouble, OnItsWay, useForm } from './field.tsx';
import { fieldsOf, TaskFieldsForm } from './task-form.tsx';

/** The form. `lost`: the reason why the user can see the task no more; empty while they can. */
export function EditTask({ task, lost, onDone }: { task: TaskDetail; lost: string; onDone: () => void }) {
  const { actions, api, session } = useApp();
  // Text that was kept while the session was over is a change of what was seen then.
  const [seen, setSeen] = useState<TaskDetail>(() => seenBefore(session.me()?.id, task.id) ?? task);
  /** The task as others have changed it meanwhile, which the user looks at. */
  const [now, setNow] = useState<TaskDetail | null>(null);
  const { form, submit, busy, trouble } = useForm(async (data) => {
    const fields = differing(fieldsOf(data), seen);
    if (Object.keys(fields).length > 0) await actions.edit(task.id, fields, now ?? seen).catch(lookAtChange);
    onDone();
  });

  async function lookAtChange(error: unknown): Promise<never> {
    if (!(error instanceof ApiError) || error.status !== 412) throw error;
    const newer = await newerThan(api, now ?? seen);
    if (!newer)
      throw new ApiError('Somebody changed this task while you were writing, and the change cannot be shown yet. Save again in a moment.', 412);
    setNow(newer);
    throw new ApiError('Somebody changed this task while you were writing. Nothing is saved yet.', 412);
  }

  return (
    <form ref={form} onSubmit={submit} noValidate class="edit" data-seen={JSON.stringify(seen)}>
      <header class="dialog-head">
        <h2>Edit the task</h2>
      </header>
      {/* What others made of it is a new form: setting this one back would neither choose their priority nor show their labels. */}
      <TaskFieldsForm key={seen.revision} task={seen} trouble={trouble} />
      {lost && (
        <p class="wrong" role="alert">
          {lost} What you wrote is still here to copy.
        </p>
      )}
      <FormTrouble trouble={trouble} />
      <OnItsWay busy={busy} />
      {now && (
        <Conflict
          seen={seen}
          now={now}
          form={form}
          onTheirs={() => {
            setSeen(now);
            setNow(null);
          }}
        />
      )}
      <FormEnd onCancel={onDone} busy={busy} does={now ? 'Save mine over it' : 'Save'} doing="Saving…" />
    </form>
  );
}

function seenBefore(userId: string | undefined, id: string): TaskDetail | undefined {
  const text = keptSeen(userId, location.pathname);
  const seen = text === undefined ? undefined : (JSON.parse(text) as TaskDetail);
  return seen?.id === id ? seen : undefined;
}
