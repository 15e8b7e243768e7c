/** The page that a mailed link opens: it sets the password, and so proves the address. Opening it sends nothing, since mail scanners open links, too. */
import { useState } from 'preact/hooks';
import { ApiError } from '../api.ts';
import { useApp } from '../app.ts';
import type { MailedLink } from '../store.ts';
import { Field, FormTrouble, useForm } from './field.tsx';
import { Mark } from './icons.tsx';

/** `spent`: the link is of no use any more. */
type Stage = 'asks' | 'spent' | 'done';

const PATHS: Record<MailedLink['purpose'], string> = { confirm: '/api/confirmations', reset: '/api/password-resets/finish' };
const HEADINGS: Record<MailedLink['purpose'], string> = { confirm: 'Confirm your e-mail address', reset: 'Set another password' };
const WORDS: Record<Stage, string> = {
  asks: 'Choose the password that you will log in with.',
  spent: 'It was used already, or is too old.',
  done: 'Your password is set, and your e-mail address is confirmed. Log in with it.',
};
const PASSWORD_HINT = 'At least 10 characters; 15 are better. A few words are fine.';

export function MailedLinkPage({ link: { purpose, token } }: { link: MailedLink }) {
  const { api, store } = useApp();
  const [stage, setStage] = useState<Stage>('asks');
  const { form, submit, busy, trouble } = useForm(async (data) => {
    await api.open(PATHS[purpose], { token, password: data.get('password') }).then(
      () => setStage('done'),
      (error) => {
        if (!isSpent(error)) throw error;
        setStage('spent');
      },
    );
  });
  const leave = (forgotten: boolean) => () => store.set({ link: null, forgotten });

  return (
    <main class="entrance entrance-single">
      <section class="entrance-form">
        <Mark />
        <h1>{stage === 'spent' ? 'This link is used up' : stage === 'done' ? 'Thank you' : HEADINGS[purpose]}</h1>
        <p role="status">{busy ? 'One moment…' : WORDS[stage]}</p>
        {stage === 'asks' && (
          <form ref={form} onSubmit={submit} noValidate>
            <Field name="password" label="New password" trouble={trouble} hint={PASSWORD_HINT}>
              {(control) => <input {...control} type="password" autocomplete="new-password" maxLength={1000} />}
            </Field>
            <FormTrouble trouble={trouble} />
            <button type="submit" class="primary wide" aria-disabled={busy}>
              Set the password
            </button>
          </form>
        )}
        <p class="other-way">
          {stage === 'spent' && (
            <>
              <button type="button" class="link" onClick={leave(true)}>
                Send me another one
              </button>{' '}
            </>
          )}
          <button type="button" class="link" onClick={leave(false)}>
            {stage === 'done' ? 'Log in' : 'Go to the board'}
          </button>
        </p>
      </section>
    </main>
  );
}

function isSpent(error: unknown): boolean {
  return error instanceof ApiError && error.errors.some(({ pointer }) => pointer === '/token');
}
