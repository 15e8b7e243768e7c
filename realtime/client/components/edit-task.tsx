/** The form that changes a task, at the revision that was seen when the form was opened. */
import { useState } from 'preact/hooks';
import type { TaskDetail } from '../../../contracts/task.ts';
import { ApiError } from '../api.ts';
import { useApp } from '../app.ts';
import { differing } from '../edited.ts';
import { FormTrouble, OnItsWay, useForm } from './field.tsx';
import { fieldsOf, TaskFieldsForm } from './task-form.tsx';

/** The form. `lost`: the reason why the user can see the task no more; empty while they can. */
export function EditTask({ task, lost, onDone }: { task: TaskDetail; lost: string; onDone: () => void }) {
  const { actions } = useApp();
  const [seen, setSeen] = useState(task);
  const [isStale, setStale] = useState(false);
  const { form, submit, busy, trouble } = useForm(async (data) => {
    const fields = differing(fieldsOf(data), seen);
    if (Object.keys(fields).length > 0) await actions.edit(task.id, fields, isStale ? undefined : seen).catch(unlessStale);
    onDone();
  });

  function unlessStale(error: unknown): never {
    if (!(error instanceof ApiError) || error.status !== 412) throw error;
    setStale(true);
    throw new ApiError('Somebody changed this task while you were writing. Save again to put what you changed over it.', 412);
  }

  return (
    <form ref={form} onSubmit={submit} noValidate class="edit">
      <header class="dialog-head">
        <h2>Edit the task</h2>
      </header>
      <TaskFieldsForm task={seen} trouble={trouble} />
      {lost && (
        <p class="wrong" role="alert">
          {lost} What you wrote is still here to copy.
        </p>
      )}
      <FormTrouble trouble={trouble} />
      <OnItsWay busy={busy} />
      {isStale && (
        <button
          type="button"
          class="link"
          onClick={() => {
            setSeen(task);
            setStale(false);
            form.current?.reset();
          }}
        >
          Show me how it is now
        </button>
      )}
      <div class="form-end">
        <button type="button" onClick={onDone}>
          Cancel
        </button>
        <button type="submit" class="primary" aria-disabled={busy}>
          {busy ? 'Saving…' : isStale ? 'Save anyway' : 'Save'}
        </button>
      </div>
    </form>
  );
}
