/** The second step of logging in, and the field in which a code is typed. */
import { useApp } from '../app.ts';
import { sendingProof, typedProof } from '../second-factor.ts';
import { Field, FormTrouble, SendButton, type Trouble, useForm } from './field.tsx';

/** The form for the code that is asked for after the password, or a sign-in. `ticket`: what that gave; `onBack`: goes back to it. */
export function SecondStep({ ticket, onDone, onBack }: { ticket: string; onDone?: () => void; onBack: () => void }) {
  const { session } = useApp();
  const { form, submit, busy, trouble } = useForm(async (data) => {
    const proof = typedProof(String(data.get('code') ?? ''));
    await sendingProof(() => session.finish(ticket, proof));
    onDone?.();
  });
  return (
    <form ref={form} onSubmit={submit} noValidate>
      <CodeField trouble={trouble} />
      <FormTrouble trouble={trouble} />
      <SendButton busy={busy} does="Log in" wide />
      <p class="other-way">
        <button type="button" class="link" onClick={onBack}>
          Back
        </button>
      </p>
    </form>
  );
}

/** The field for a code of the app, or a recovery code. */
export function CodeField({ trouble }: { trouble: Trouble }) {
  return (
    <Field name="code" label="Code of your app" trouble={trouble} hint="The 6 digits that it shows now. Without the app, a recovery code.">
      {(control) => (
        <input {...control} data-first type="text" autocomplete="one-time-code" autocapitalize="none" spellcheck={false} maxLength={100} />
      )}
    </Field>
  );
}
