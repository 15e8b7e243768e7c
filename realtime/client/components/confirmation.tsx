/** The page that the link of a confirmation mail opens. */
import { useEffect, useState } from 'preact/hooks';
import { ApiError } from '../api.ts';
import { useApp } from '../app.ts';
import { Field, FormTrouble, useForm } from './field.tsx';
import { Mark } from './icons.tsx';

/** `asks`: for a password, where the user registered without one; `spent`: the link is of no use any more. */
type Stage = 'begun' | 'asks' | 'spent' | 'done';

const HEADINGS: Record<Stage, string> = { begun: 'Your e-mail address', asks: 'Set your password', spent: 'This link is used up', done: 'Thank you' };
const WORDS: Record<Stage, string> = {
  begun: '',
  asks: 'One more step: choose the password that you will log in with.',
  spent: 'It was used already, or is too old. If your address is confirmed, simply log in.',
  done: 'Your e-mail address is confirmed.',
};

export function Confirmation({ token }: { token: string }) {
  const { api, store } = useApp();
  const [stage, setStage] = useState<Stage>('begun');
  const { form, submit, busy, trouble } = useForm(async (data) => {
    const password = data.get('password');
    await api.open('/api/confirmations', { token, ...(password === null ? {} : { password }) }).then(
      () => setStage('done'),
      (error) => {
        const next = stageAfter(error, stage);
        if (next === stage) throw error;
        setStage(next);
      },
    );
  });

  // Submitted without a click, since the user clicked the link already.
  useEffect(() => form.current?.requestSubmit(), [form]);

  return (
    <main class="entrance entrance-single">
      <section class="entrance-form">
        <Mark />
        <h1>{HEADINGS[stage]}</h1>
        <p role="status">{busy ? 'One moment…' : WORDS[stage]}</p>
        {(stage === 'begun' || stage === 'asks') && (
          <form ref={form} onSubmit={submit} noValidate>
            {stage === 'asks' && (
              <Field name="password" label="Password" trouble={trouble} hint="At least 10 characters. A few words are fine.">
                {(control) => <input {...control} type="password" autocomplete="new-password" maxLength={200} />}
              </Field>
            )}
            <FormTrouble trouble={trouble} />
            {(stage === 'asks' || trouble.detail) && (
              <button type="submit" class="primary wide" aria-disabled={busy}>
                {stage === 'asks' ? 'Set the password' : 'Try again'}
              </button>
            )}
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

function stageAfter(error: unknown, stage: Stage): Stage {
  const pointers = error instanceof ApiError ? error.errors.map(({ pointer }) => pointer) : [];
  if (pointers.includes('/token')) return 'spent';
  return pointers.includes('/password') ? 'asks' : stage;
}
