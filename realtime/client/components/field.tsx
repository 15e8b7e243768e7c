/** A form's fields: a label, the control, and its error. */
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { reason } from '../actions.ts';
import { ApiError } from '../api.ts';
import { useApp, useApps } from '../app.ts';
import { restoreTyped } from '../typed.ts';
import { roomInWords } from '../words.ts';

/** The errors of a form: of the whole form, and by field name. */
export interface Trouble {
  detail: string;
  fields: Readonly<Record<string, string>>;
}

const NONE: Trouble = { detail: '', fields: {} };

function troubleOf(error: unknown, form: HTMLFormElement | null): Trouble {
  const errors = error instanceof ApiError ? error.errors : [];
  const fields = Object.fromEntries(errors.map(({ pointer, detail }) => [pointer.split('/')[1] ?? '', `This ${detail}.`]));
  // Errors that stand at their fields are not repeated.
  const isSaid = errors.length > 0 && Object.keys(fields).every((name) => form?.querySelector(`[name="${CSS.escape(name)}"]`));
  return { detail: isSaid ? 'Please look at what is marked.' : reason(error), fields };
}

/** The state of a form: it is sent once at a time, and its errors are kept. */
export function useForm(send: (data: FormData) => Promise<unknown>) {
  const [trouble, setTrouble] = useState(NONE);
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const { session } = useApp();
  useEffect(() => restoreTyped(form.current, session.me()?.id, location.pathname), []);

  async function submit(event: Event): Promise<void> {
    event.preventDefault();
    if (busy || !form.current) return;
    setBusy(true);
    setTrouble(NONE);
    try {
      await send(new FormData(form.current));
    } catch (error) {
      setTrouble(troubleOf(error, form.current));
    } finally {
      setBusy(false);
    }
  }

  useEffect(() => {
    if (trouble !== NONE) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [trouble]);

  return { form, submit, busy, trouble };
}

/** The attributes that a control takes over from its field. */
export interface ControlProps {
  id: string;
  name: string;
  'aria-invalid': boolean;
  'aria-describedby': string | undefined;
}

interface FieldProps {
  name: string;
  label: string;
  trouble: Trouble;
  hint?: string;
  /** The most characters that the server takes. The field takes more: what is pasted is never cut, and how much is too much is said. */
  most?: number;
  children: (control: ControlProps) => ComponentChildren;
}

type Control = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

/** What was typed, as the server counts it: blanks at the ends of a line are not kept, those of a text of several lines are. */
const asCounted = (control: Control) => (control instanceof HTMLTextAreaElement ? control.value : control.value.trim());

export function Field({ name, label, trouble, hint, most, children }: FieldProps) {
  const id = useId();
  const [typed, setTyped] = useState('');
  const place = useRef<HTMLDivElement>(null);
  // A form that is set back tells its fields of no input.
  useEffect(() => {
    const form = place.current?.closest('form');
    const clear = () => setTyped('');
    form?.addEventListener('reset', clear);
    return () => form?.removeEventListener('reset', clear);
  }, []);
  const room = most === undefined ? '' : roomInWords(typed, most);
  const wrong = trouble.fields[name];
  const described = [hint && `${id}-hint`, room && `${id}-room`, wrong && `${id}-wrong`].filter(Boolean).join(' ');
  return (
    <div ref={place} class="field" onInput={({ target }) => setTyped(asCounted(target as Control))}>
      <label for={id}>{label}</label>
      {children({ id, name, 'aria-invalid': wrong !== undefined, 'aria-describedby': described || undefined })}
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {room && (
        <p class="hint" id={`${id}-room`} role="status">
          {room}
        </p>
      )}
      {wrong && (
        <p class="wrong" id={`${id}-wrong`}>
          {wrong}
        </p>
      )}
    </div>
  );
}

/** The field of a password that is chosen anew. */
export function NewPasswordField({ name, label, trouble }: Pick<FieldProps, 'name' | 'label' | 'trouble'>) {
  return (
    <Field name={name} label={label} trouble={trouble} hint="At least 10 characters; 15 are better. A few words are fine.">
      {(control) => <input {...control} type="password" autocomplete="new-password" maxLength={1000} />}
    </Field>
  );
}

/** The button that sends a form. `does`, `doing`: its words, and those while it is under way. */
export function SendButton({ busy, does, doing = 'One moment…', wide = false }: { busy: boolean; does: string; doing?: string; wide?: boolean }) {
  return (
    <button type="submit" class={wide ? 'primary wide' : 'primary'} aria-disabled={busy}>
      {busy ? doing : does}
    </button>
  );
}

/** The end of a form in a dialog: the way out, and the button that sends it. */
export function FormEnd({ onCancel, ...sends }: { onCancel: () => void; busy: boolean; does: string; doing?: string }) {
  return (
    <div class="form-end">
      <button type="button" onClick={onCancel}>
        Cancel
      </button>
      <SendButton {...sends} />
    </div>
  );
}

/** The error of the whole form, announced at once. */
export function FormTrouble({ trouble }: { trouble: Trouble }) {
  return (
    <div role="alert" class="form-trouble">
      {trouble.detail && <p class="wrong">{trouble.detail}</p>}
    </div>
  );
}

/** The reason why sending takes long, while there is no connection. */
export function OnItsWay({ busy }: { busy: boolean }) {
  const connection = useApps((state) => state.connection);
  const waits = busy && (connection === 'offline' || connection === 'reconnecting');
  return (
    <p role="status" class="hint">
      {waits ? 'There is no connection. It will be sent when you are connected again.' : ''}
    </p>
  );
}
