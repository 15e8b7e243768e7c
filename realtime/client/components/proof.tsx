/** The prompt for the password, where the server wants a proof of who one is. It has no address: it belongs to what was asked for. */

import { useEffect, useRef } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { type OwnAccount, useAnswer } from '../accounts.ts';
import { useApp, useApps } from '../app.ts';
import { type OwnSecondFactor, sendingProof, typedProof } from '../second-factor.ts';
import { type EntranceRules, useEntranceRules } from '../session-rules.ts';
import { Dialog, DialogHead } from './dialog.tsx';
import { Field, FormEnd, FormTrouble, useForm } from './field.tsx';
import { CodeField } from './second-step.tsx';
import { SignInAgainButton } from './sign-in.tsx';

export function Proof() {
  const { store } = useApp();
  const proving = useApps((state) => state.proving);
  const { body: account, trouble } = useAnswer<OwnAccount>('/api/me');
  const { signIn } = useEntranceRules();
  const { path } = useLocation();
  const wanted = useRef(path);
  const answer = (isProven: boolean) => {
    store.set({ proving: null });
    proving?.answer(isProven);
  };
  useEffect(() => {
    if (path !== wanted.current) answer(false);
  }, [path]);
  // Which proof there is has to be known first.
  if (!account && !trouble) return null;
  return (
    <Dialog label="Is it you?" kind="box" onClose={() => answer(false)}>
      <DialogHead title="Is it you?" />
      {account?.password === false ? <WithoutPassword signIn={signIn} /> : <PasswordProof onAnswer={answer} />}
      {account?.password && signIn && <SignInAgainButton signIn={signIn} />}
    </Dialog>
  );
}

/** The proof by the password, and a code where there is a second factor. */
function PasswordProof({ onAnswer }: { onAnswer: (isProven: boolean) => void }) {
  const { api } = useApp();
  const { body: second } = useAnswer<OwnSecondFactor>('/api/me/second-factor');
  const { form, submit, busy, trouble } = useForm(async (data) => {
    const proof = second?.on ? typedProof(String(data.get('code') ?? '')) : {};
    await sendingProof(() => api.command('POST', '/api/me/proof', { body: { password: data.get('password'), ...proof } }));
    onAnswer(true);
  });
  return (
    <form ref={form} onSubmit={submit} noValidate>
      <p>This needs your password once more. Then it goes on by itself.</p>
      <Field name="password" label="Your password" trouble={trouble}>
        {(control) => <input {...control} data-first type="password" autocomplete="current-password" maxLength={1000} />}
      </Field>
      {second?.on && <CodeField trouble={trouble} />}
      <FormTrouble trouble={trouble} />
      <FormEnd onCancel={() => onAnswer(false)} busy={busy} does="Go on" />
    </form>
  );
}

/** What proves who one is where there is no password. */
function WithoutPassword({ signIn }: { signIn: EntranceRules['signIn'] }) {
  const { navigation } = useApp();
  if (!signIn)
    return (
      <>
        <p>This needs a password, and your account has none. Have a link mailed that sets one.</p>
        <button type="button" class="primary wide" onClick={() => navigation.go('/forgotten')}>
          Set a password
        </button>
      </>
    );
  return (
    <>
      <p>This needs you to show once more who you are: sign in again at {signIn.name}. You come back to this place, and then ask for it anew.</p>
      <SignInAgainButton signIn={signIn} />
      <p>If you just did, {signIn.name} has not said when: whoever runs this installation has to set that right.</p>
    </>
  );
}
