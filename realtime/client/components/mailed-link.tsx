/** The page that a mailed link opens: it sets the password, and so proves the address. Opening it sends nothing, since mail scanners open links, too. */
import { useState } from 'preact/hooks';
import type { LinkPurpose } from '../../../contracts/places.ts';
import { ApiError } from '../api.ts';
import { useApp, useApps } from '../app.ts';
import { Field, FormTrouble, useForm } from './field.tsx';
import { Mark } from './icons.tsx';

/** `missing`: the address was opened without the code of a link; `spent`: the link is of no use any more. */
type Stage = 'missing' | 'asks' | 'spent' | 'done';

const PATHS: Record<LinkPurpose, string> = { confirm: '/api/confirmations', reset: '/api/password-resets/finish' };
const HEADINGS: Record<LinkPurpose, string> = { confirm: 'Confirm your e-mail address', reset: 'Set another password' };
const ENDS: Partial<Record<Stage, string>> = { spent: 'This link is used up', done: 'Thank you' };
const WORDS: Record<Stage, string> = {
  missing: 'The code of your link is not kept here. Open the link in the mail once more.',
  asks: 'Choose the password that you will log in with.',
  spent: 'It was used already, or is too old.',
  done: 'Your password is set, and your e-mail address is confirmed. Log in with it.',
};
const PASSWORD_HINT = 'At least 10 characters; 15 are better. A few words are fine.';

export function MailedLinkPage({ purpose }: { purpose: LinkPurpose }) {
  const { api, store, navigation } = useApp();
  const token = useApps(({ link }) => (link?.purpose === purpose ? link.token : null));
  const [outcome, setStage] = useState<Stage | null>(null);
  const stage = outcome ?? (token === null ? 'missing' : 'asks');
  const { form, submit, busy, trouble } = useForm(async (data) => {
    await api.open(PATHS[purpose], { token, password: data.get('password') }).then(
      () => setStage('done'),
      (error) => {
        if (!isSpent(error)) throw error;
        setStage('spent');
      },
    );
  });
  const leave = (to: '/' | '/forgotten') => () => {
    store.set({ link: null });
    navigation.go(to, { replace: true });
  };

  return (
    <main class="entrance entrance-single">
      <section class="entrance-form">
        <Mark />
        <h1>{ENDS[stage] ?? HEADINGS[purpose]}</h1>
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
          {(stage === 'spent' || stage === 'missing') && (
            <>
              <button type="button" class="link" onClick={leave('/forgotten')}>
                Send me another one
              </button>{' '}
            </>
          )}
          <button type="button" class="link" onClick={leave('/')}>
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
