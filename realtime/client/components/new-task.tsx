import { useState } from 'preact/hooks';
import { useApp } from '../app.ts';
import { focusCard } from '../keys.ts';
import { AssigneeSelect } from './assignee-select.tsx';
import { Dialog, DialogHead } from './dialog.tsx';
import { Field, FormEnd, FormTrouble, OnItsWay, useForm } from './field.tsx';
import { fieldsOf, noFields, TaskFieldsForm } from './task-form.tsx';

export function NewTask() {
  const { store, actions, navigation } = useApp();
  const [userId, setUserId] = useState<string | null>(null);
  const close = () => navigation.leave('/');
  const { form, submit, busy, trouble } = useForm(async (data) => {
    const id = await actions.create({ ...fieldsOf(data), userId });
    close();
    focusWhenThere(id);
  });
  return (
    <Dialog label="New task" kind="box" onClose={close}>
      <DialogHead title="New task" />
      <form ref={form} onSubmit={submit} noValidate>
        <TaskFieldsForm task={noFields} trouble={trouble} />
        <Field name="userId" label="For" trouble={trouble}>
          {(control) => <AssigneeSelect {...control} value={userId} onChange={setUserId} />}
        </Field>
        <FormTrouble trouble={trouble} />
        <OnItsWay busy={busy} />
        <FormEnd onCancel={close} busy={busy} does="Create" doing="Creating…" />
      </form>
    </Dialog>
  );

  /** Focuses the card of the new task when it appears, which is when the task's change is heard. */
  function focusWhenThere(id: string): void {
    const stop = store.subscribe(look);
    function look(): void {
      if (!store.get().board.entries[id]) return;
      stop();
      requestAnimationFrame(() => focusCard(id));
    }
    look();
  }
}
