/** The prompt for the password, where the server wants a proof of who one is. It has no address: it belongs to what was asked for. */

import { useEffect, useRef } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { useAnswer } from '../accounts.ts';
import { useApp, useApps } from '../app.ts';
import { type OwnSecondFactor, typedProof } from '../second-factor.ts';
import { CloseButton, Dialog } from './dialog.tsx';
import { Field, FormTrouble, useForm } from './field.tsx';
import { CodeField } from './second-step.tsx';

export function Proof() {
  const { api, store } = useApp();
  const proving = useApps((state) => state.proving);
  const { body: second } = useAnswer<OwnSecondFactor>('/api/me/second-factor');
  const { path } = useLocation();
  const wanted = useRef(path);
  const answer = (isProven: boolean) => {
    store.set({ proving: null });
    proving?.answer(isProven);
  };
  const { form, submit, busy, trouble } = useForm(async (data) => {
    await api.command('POST', '/api/me/proof', {
      body: { password: data.get('password'), ...(second?.on ? typedProof(String(data.get('code') ?? '')) : {}) },
    });
    answer(true);
  });
  useEffect(() => {
    if (path !== wanted.current) answer(false);
  }, [path]);
  return (
    <Dialog label="Is it you?" kind="box" onClose={() => answer(false)}>
      <header class="dialog-head">
        <h2>Is it you?</h2>
        <CloseButton />
      </header>
      <form ref={form} onSubmit={submit} noValidate>
        <p>This needs your password once more. Then it goes on by itself.</p>
        <Field name="password" label="Your password" trouble={trouble}>
          {(control) => <input {...control} data-first type="password" autocomplete="current-password" maxLength={1000} />}
        </Field>
        {second?.on && <CodeField trouble={trouble} />}
        <FormTrouble trouble={trouble} />
        <div class="form-end">
          <button type="button" onClick={() => answer(false)}>
            Cancel
          </button>
          <button type="submit" class="primary" aria-disabled={busy}>
            {busy ? 'One moment…' : 'Go on'}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
