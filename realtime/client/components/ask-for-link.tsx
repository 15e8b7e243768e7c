/** The form that has a link mailed to an address. It says the same whether there is such an account or not. */
import { useState } from 'preact/hooks';
import { useApp } from '../app.ts';
import { Field, FormTrouble, SendButton, useForm } from './field.tsx';

interface LinkAsked {
  /** The route that has it mailed. */
  path: '/api/password-resets' | '/api/confirmation-mails';
  /** What the link does, in words. */
  hint: string;
  /** What the button says. */
  does: string;
  /** What is said once it was asked for. */
  said: string;
  /** The address that the field begins with. */
  email?: string;
}

export function AskForLink({ path, hint, does, said, email = '' }: LinkAsked) {
  const { api } = useApp();
  const [isAsked, setAsked] = useState(false);
  const { form, submit, busy, trouble } = useForm(async (data) => {
    await api.open(path, { email: data.get('email') });
    setAsked(true);
  });
  if (isAsked) return <p role="status">{said}</p>;
  return (
    <form ref={form} onSubmit={submit} noValidate>
      <Field name="email" label="E-mail" trouble={trouble} hint={hint}>
        {(control) => <input {...control} type="email" autocomplete="username" inputMode="email" defaultValue={email} />}
      </Field>
      <FormTrouble trouble={trouble} />
      <SendButton busy={busy} does={does} wide />
    </form>
  );
}
