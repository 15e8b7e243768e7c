/** What somebody sees who has logged in with a password that was made for them. */
import { useApp } from '../app.ts';
import { Field, FormTrouble, useForm } from './field.tsx';
import { Mark } from './icons.tsx';

export function NeedsOwnPassword() {
  const { api, session } = useApp();
  const { form, submit, busy, trouble } = useForm(async (data) => {
    await api.command('PUT', '/api/me/password', { body: { current: data.get('current'), new: data.get('new') } });
    // The next tokens say that everything is open now.
    await session.token(true);
  });
  return (
    <main class="entrance entrance-single">
      <section class="entrance-form">
        <Mark />
        <h1>Choose your own password</h1>
        <p>
          The one that you logged in with was made for you, and has been seen on a screen. Choose another one; everything else is open afterwards.
        </p>
        <form ref={form} onSubmit={submit} noValidate>
          <Field name="current" label="The password that was made for you" trouble={trouble}>
            {(control) => <input {...control} type="password" autocomplete="current-password" maxLength={1000} />}
          </Field>
          <Field name="new" label="Your new password" trouble={trouble} hint="At least 10 characters; 15 are better. A few words are fine.">
            {(control) => <input {...control} type="password" autocomplete="new-password" maxLength={1000} />}
          </Field>
          <FormTrouble trouble={trouble} />
          <button type="submit" class="primary wide" aria-disabled={busy}>
            {busy ? 'One moment…' : 'Set the password'}
          </button>
        </form>
        <p class="other-way">
          <button type="button" class="link" onClick={() => void session.logout()}>
            Log out
          </button>
        </p>
      </section>
    </main>
  );
}
