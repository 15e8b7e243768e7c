/** The prompt for the password, where the server wants a proof of who one is. It has no address: it belongs to what was asked for. */

import { useEffect, useRef, useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { ApiError } from '../api.ts';
import { useApp, useApps } from '../app.ts';
import { CloseButton, Dialog } from './dialog.tsx';
import { Field, FormTrouble, useForm } from './field.tsx';

export function Proof() {
  const { api, store } = useApp();
  const proving = useApps((state) => state.proving);
  const { path } = useLocation();
  const wanted = useRef(path);
  const [asksCode, setAsksCode] = useState(false);
  const answer = (isProven: boolean) => {
    store.set({ proving: null });
    proving?.answer(isProven);
  };
  const { form, submit, busy, trouble } = useForm(async (data) => {
    const code = String(data.get('code') ?? '').replace(/\s/g, '');
    await api.command('POST', '/api/me/proof', { body: { password: data.get('password'), ...(code && { code }) } }).catch(alsoAskForCode);
    answer(true);
  });
  /** Whoever has a second factor is asked for its code, too, once the server says so. */
  function alsoAskForCode(error: unknown): never {
    if (error instanceof ApiError && error.errors.some(({ pointer }) => pointer === '/code')) setAsksCode(true);
    throw error;
  }
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
        {asksCode && (
          <Field name="code" label="Code of your second factor" trouble={trouble}>
            {(control) => <input {...control} type="text" inputMode="numeric" autocomplete="one-time-code" maxLength={20} />}
          </Field>
        )}
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
