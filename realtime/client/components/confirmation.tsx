/** What the link of a confirmation mail opens. */
import { useEffect, useState } from 'preact/hooks';
import { ApiError } from '../api.ts';
import { useApp } from '../app.ts';
import { Field, FormTrouble, useForm } from './field.tsx';
import { Mark } from './icons.tsx';

export function Confirmation({ token }: { token: string }) {
  const { api, store } = useApp();
  const [done, setDone] = useState(false);
  const [asks, setAsks] = useState(false);
  const { form, submit, busy, trouble } = useForm(async (data) => {
    const password = String(data.get('password') ?? '');
    await api.open('/api/confirmations', { token, ...(password ? { password } : {}) }).catch((error) => {
      // Who registered without a password sets one here.
      if (error instanceof ApiError && error.errors.some(({ pointer }) => pointer === '/password')) setAsks(true);
      throw error;
    });
    setDone(true);
  });

  // Without a click: the token came from one.
  useEffect(() => form.current?.requestSubmit(), [form]);

  return (
    <main class="entrance entrance-single">
      <section class="entrance-form">
        <Mark />
        <h1>{done ? 'Thank you' : 'Your e-mail address'}</h1>
        <p role="status">{done ? 'Your e-mail address is confirmed.' : busy ? 'One moment…' : ''}</p>
        {!done && (
          <form ref={form} onSubmit={submit} noValidate>
            {asks && (
              <Field name="password" label="Choose a password" trouble={trouble} hint="At least 10 characters.">
                {(control) => <input {...control} type="password" autocomplete="new-password" maxLength={200} />}
              </Field>
            )}
            <FormTrouble trouble={trouble} />
            <button type="submit" class="primary wide" aria-disabled={busy}>
              {asks ? 'Set the password' : 'Try again'}
            </button>
          </form>
        )}
        <p class="other-way">
          <button type="button" class="link" onClick={() => store.set({ confirmation: null })}>
            Go to the board
          </button>
        </p>
      </section>
    </main>
  );
}
