/** The entrance of the page: log in, or register. */
import { useState } from 'preact/hooks';
import { useApp, useApps } from '../app.ts';
import { Field, FormTrouble, useForm } from './field.tsx';
import { Mark } from './icons.tsx';

export function Entrance() {
  const [isNew, setNew] = useState(false);
  const ended = useApps((state) => state.ended);
  return (
    <main class="entrance">
      <section class="entrance-words">
        <Mark />
        <h1>taskledger</h1>
        <p>One board for everybody. What happens, happens before your eyes, and nothing that was written down is ever lost.</p>
        <ul class="tally" aria-hidden="true">
          <li>Anna moved “Lamp in the hall” to Done</li>
          <li>Ben took “Order new keys”</li>
          <li>Chloé commented on “Lift inspection”</li>
        </ul>
      </section>
      <section class="entrance-form" aria-label={isNew ? 'Register' : 'Log in'}>
        <h2>{isNew ? 'Make an account' : 'Welcome back'}</h2>
        {ended && !isNew && <p role="status">Your session has ended. Log in again.</p>}
        <EntranceForm key={String(isNew)} isNew={isNew} />
        <p class="other-way">
          {isNew ? 'You have an account?' : 'New here?'}{' '}
          <button type="button" class="link" onClick={() => setNew(!isNew)}>
            {isNew ? 'Log in' : 'Make an account'}
          </button>
        </p>
      </section>
    </main>
  );
}

function EntranceForm({ isNew }: { isNew: boolean }) {
  const { session } = useApp();
  const { form, submit, busy, trouble } = useForm((data) => {
    const [name, email, password] = ['name', 'email', 'password'].map((field) => String(data.get(field) ?? ''));
    return isNew ? session.register(name ?? '', email ?? '', password ?? '') : session.login(email ?? '', password ?? '');
  });
  return (
    <form ref={form} onSubmit={submit} noValidate>
      {isNew && (
        <Field name="name" label="Name" trouble={trouble}>
          {(control) => <input {...control} type="text" autocomplete="name" maxLength={100} />}
        </Field>
      )}
      <Field name="email" label="E-mail" trouble={trouble}>
        {(control) => <input {...control} type="email" autocomplete="username" inputMode="email" maxLength={254} />}
      </Field>
      <Field name="password" label="Password" trouble={trouble} {...(isNew ? { hint: 'At least 10 characters. A few words are fine.' } : {})}>
        {(control) => <input {...control} type="password" autocomplete={isNew ? 'new-password' : 'current-password'} maxLength={200} />}
      </Field>
      <FormTrouble trouble={trouble} />
      <button type="submit" class="primary wide" aria-disabled={busy}>
        {busy ? 'One moment…' : isNew ? 'Make the account' : 'Log in'}
      </button>
    </form>
  );
}
