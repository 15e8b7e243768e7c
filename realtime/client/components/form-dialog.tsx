/** A dialog of one form: it keeps what was typed where the server refuses it, and shows the reason at its field. */
import type { ComponentChildren } from 'preact';
import { useApp } from '../app.ts';
import { Dialog, DialogHead } from './dialog.tsx';
import { FormEnd, FormTrouble, OnItsWay, type Trouble, useForm } from './field.tsx';

interface FormDialogProps {
  label: string;
  /** The words of the button that sends the form. */
  does: string;
  /** The path of the place beneath. */
  beneath: string;
  /** Sends the form; resolves to what is said then, and where that is not all there is to do, to the path of the dialog that comes next. */
  send: (data: FormData) => Promise<string | { said: string; next: string }>;
  children: (trouble: Trouble) => ComponentChildren;
}

export function FormDialog({ label, does, beneath, send, children }: FormDialogProps) {
  const { actions, navigation } = useApp();
  const close = () => navigation.leave(beneath);
  const { form, submit, busy, trouble } = useForm(async (data) => {
    const outcome = await send(data);
    if (typeof outcome === 'string') {
      actions.note({ kind: 'done', text: outcome });
      return close();
    }
    actions.note({ kind: 'done', text: outcome.said });
    navigation.go(outcome.next, { replace: true, sure: true });
  });
  return (
    <Dialog label={label} kind="box" onClose={close}>
      <DialogHead title={label} />
      <form ref={form} onSubmit={submit} noValidate>
        {children(trouble)}
        <FormTrouble trouble={trouble} />
        <OnItsWay busy={busy} />
        <FormEnd onCancel={close} busy={busy} does={does} />
      </form>
    </Dialog>
  );
}
