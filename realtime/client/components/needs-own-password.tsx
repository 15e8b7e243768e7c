/** What somebody sees who has logged in with a password that was made for them. */
import { ApiError } from '../api.ts';
import { useApp, useApps } from '../app.ts';
import { Field, FormTrouble, NewPasswordField, SendButton, useForm } from './field.tsx';
import { FirstThing } from './first-thing.tsx';

export function NeedsOwnPassword() {
  const { api, session, store } = useApp();
  const made = useApps((state) => state.made);
  const { form, submit, busy, trouble } = useForm(async (data) => {
    const current = data.get('current') ?? made;
    await api.command('PUT', '/api/me/password', { body: { current, new: data.get('new') } }).catch((error) => {
      // Another one was made meanwhile, or set elsewhere: it has to be typed after all.
      if (error instanceof ApiError && error.errors.some(({ pointer }) => pointer === '/current')) store.set({ made: null });
      throw error;
    });
    // The next tokens say that everything is open now.
    await session.token(true);
  });
  return (
    <FirstThing heading="Choose your own password">
      <p>The one that you logged in with was made for you, and has been seen on a screen. Choose another one; everything else is open afterwards.</p>
      <form ref={form} onSubmit={submit} noValidate>
        {made === null && (
          <Field name="current" label="The password that was made for you" trouble={trouble}>
            {(control) => <input {...control} type="password" autocomplete="current-password" maxLength={1000} />}
          </Field>
        )}
        <NewPasswordField name="new" label="Your new password" trouble={trouble} />
        <FormTrouble trouble={trouble} />
        <SendButton busy={busy} does="Set the password" wide />
      </form>
    </FirstThing>
  );
}
