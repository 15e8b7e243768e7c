/** A dialog of one form: it keeps what was typed where the server refuses it, and shows the reason at its field. */
import type { ComponentChildren } from 'preact';
import { useApp } from '../app.ts';
import { CloseButton, Dialog } from './dialog.tsx';
import { FormTrouble, OnItsWay, type Trouble, useForm } from './field.tsx';

interface FormDialogProps {
  label: string;
  /** The words of the button that sends the form. */
  does: string;
  /** The path of the place beneath. */
  beneath: string;
  /** Sends the form; resolves to what is said then. */
  send: (data: FormData) => Promise<string>;
  children: (trouble: Trouble) => ComponentChildren;
}

export function FormDialog({ label, does, beneath, send, children }: FormDialogProps) {
  const { actions, navigation } = useApp();
  const close = () => navigation.leave(beneath);
  const { form, submit, busy, trouble } = useForm(async (data) => {
    const text = await send(data);
    actions.note({ kind: 'done', text });
    close();
  });
  return (
    <Dialog label={label} kind="box" onClose={close}>
      <header class="dialog-head">
        <h2>{label}</h2>
        <CloseButton />
      </header>
      <form ref={form} onSubmit={submit} noValidate>
        {children(trouble)}
        <FormTrouble trouble={trouble} />
        <OnItsWay busy={busy} />
        <div class="form-end">
          <button type="button" onClick={close}>
            Cancel
          </button>
          <button type="submit" class="primary" aria-disabled={busy}>
            {busy ? 'One moment…' : does}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
