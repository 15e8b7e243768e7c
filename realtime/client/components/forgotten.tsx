/** The form for a forgotten password. It says the same whether there is such an account or not. */
import { useState } from 'preact/hooks';
import { useApp } from '../app.ts';
import { Field, FormTrouble, SendButton, useForm } from './field.tsx';

/** `email`: the address that was typed at the login. */
export function Forgotten({ email }: { email: string }) {
  const { api } = useApp();
  const [isAsked, setAsked] = useState(false);
  const { form, submit, busy, trouble } = useForm(async (data) => {
    await api.open('/api/password-resets', { email: data.get('email') });
    setAsked(true);
  });
  if (isAsked) return <p role="status">If there is an account with this address, a link is on its way to it. It is good for 10 minutes.</p>;
  return (
    <form ref={form} onSubmit={submit} noValidate>
      <Field name="email" label="E-mail" trouble={trouble} hint="A link that sets another password is mailed to it.">
        {(control) => <input {...control} type="email" autocomplete="username" inputMode="email" defaultValue={email} />}
      </Field>
      <FormTrouble trouble={trouble} />
      <SendButton busy={busy} does="Send the link" wide />
    </form>
  );
}
