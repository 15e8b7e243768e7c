/** The user's own phone number: its line on My page, and the dialogs that change and confirm it. */
import { changeAccount, changedAccounts, type OwnAccount } from '../accounts.ts';
import { useApp } from '../app.ts';
import { AskedTwice } from './asked-twice.tsx';
import { Field } from './field.tsx';
import { FormDialog } from './form-dialog.tsx';

/** What stands in the line of the phone number. */
export function OwnPhone({ account: { phone, pendingPhone } }: { account: OwnAccount }) {
  const app = useApp();
  const remove = () =>
    changeAccount(app, () => app.api.command('DELETE', '/api/me/phone'), { said: 'The number is removed.', otherwise: 'The number stays.' });
  return (
    <>
      {phone ?? <span class="soft">none: you get no SMS</span>} {phone && <span class="soft">confirmed</span>}
      {pendingPhone && (
        <p class="soft">
          A code was sent to {pendingPhone}.{' '}
          <button type="button" class="link" onClick={() => app.navigation.go('/me/phone-code')}>
            Enter the code
          </button>
        </p>
      )}
      {(phone || pendingPhone) && (
        <AskedTwice label="Remove the number" question="No SMS will be sent to you." does="Remove it" onSure={() => void remove()} />
      )}
    </>
  );
}

export function ChangePhone() {
  const app = useApp();
  const send = async (data: FormData) => {
    const { status } = await app.api.command('PUT', '/api/me/phone', { body: { phone: String(data.get('phone')).trim() } });
    changedAccounts(app);
    if (status === 'confirmed') return 'This is your number already.';
    return { said: 'A code is on its way to your phone. Enter it here within 10 minutes.', next: '/me/phone-code' };
  };
  return (
    <FormDialog label="Your phone number" does="Send a code" beneath="/me" send={send}>
      {(trouble) => (
        <Field name="phone" label="Phone number" trouble={trouble} hint="With its country, like +49 151 1234 5678. A code is sent to it by SMS.">
          {(control) => <input {...control} data-first type="tel" autocomplete="tel" inputMode="tel" />}
        </Field>
      )}
    </FormDialog>
  );
}

export function ConfirmPhone() {
  const app = useApp();
  const send = async (data: FormData) => {
    await app.api.command('POST', '/api/me/phone/confirm', { body: { code: String(data.get('code')) } });
    changedAccounts(app);
    return 'Your phone number is confirmed.';
  };
  return (
    <FormDialog label="The code of the SMS" does="Confirm" beneath="/me" send={send}>
      {(trouble) => (
        <Field name="code" label="Code" trouble={trouble} hint="The 6 digits that were sent to your phone.">
          {(control) => <input {...control} data-first type="text" inputMode="numeric" autocomplete="one-time-code" maxLength={20} />}
        </Field>
      )}
    </FormDialog>
  );
}
