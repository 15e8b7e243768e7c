/** The dialogs over My page, each below `/me/`. */
import type { ComponentChildren } from 'preact';
import { changedAccounts, type OwnAccount, type PageOf, type SignInLine, useAnswer } from '../accounts.ts';
import { useApp, useApps } from '../app.ts';
import { Field, NewPasswordField } from './field.tsx';
import { FormDialog } from './form-dialog.tsx';
import { Notes } from './notes.tsx';
import { ChangePhone, ConfirmPhone } from './own-phone.tsx';
import { OwnPicture } from './own-picture.tsx';

export function MyDialog({ part }: { part?: string }) {
  const { navigation } = useApp();
  const me = useApps((state) => state.me);
  const { body: account } = useAnswer<OwnAccount>('/api/me');
  if (!me) return null;
  if (part === 'picture') return <OwnPicture me={me} onClose={() => navigation.leave('/me')} />;
  const Plain = PLAIN[part ?? ''];
  if (Plain) return <Plain />;
  const OfAccount = OF_ACCOUNT[part ?? ''];
  return OfAccount && account ? <OfAccount account={account} /> : <Notes />;
}

/** The dialogs by their part of the path: those that need to know nothing, and those that show what is. */
const PLAIN: Readonly<Record<string, () => ComponentChildren>> = {
  password: () => <ChangePassword />,
  phone: () => <ChangePhone />,
  'phone-code': () => <ConfirmPhone />,
};
const OF_ACCOUNT: Readonly<Record<string, (props: { account: OwnAccount }) => ComponentChildren>> = {
  name: ChangeName,
  email: ChangeEmail,
};

function ChangeName({ account }: { account: OwnAccount }) {
  const app = useApp();
  const send = async (data: FormData) => {
    const { position } = await app.api.command('PATCH', `/api/users/${account.id}`, { body: { name: String(data.get('name')).trim() } });
    changedAccounts(app, position);
    return 'Your name is changed.';
  };
  return (
    <FormDialog label="Your name" does="Save" beneath="/me" send={send}>
      {(trouble) => (
        <Field name="name" label="Name" trouble={trouble} most={100}>
          {(control) => <input {...control} data-first type="text" autocomplete="name" defaultValue={account.name} />}
        </Field>
      )}
    </FormDialog>
  );
}

function ChangeEmail({ account }: { account: OwnAccount }) {
  const app = useApp();
  const send = async (data: FormData) => {
    const email = String(data.get('email')).trim();
    const { position, status } = await app.api.command('PATCH', `/api/users/${account.id}`, { body: { email } });
    changedAccounts(app, position);
    if (status === 'email-change-pending') return `A link was mailed to ${email}. Your address changes once you follow it.`;
    return 'Your e-mail address is as you wrote it.';
  };
  return (
    <FormDialog label="Your e-mail address" does="Save" beneath="/me" send={send}>
      {(trouble) => (
        <Field name="email" label="E-mail" trouble={trouble}>
          {(control) => <input {...control} data-first type="email" autocomplete="email" inputMode="email" defaultValue={account.email} />}
        </Field>
      )}
    </FormDialog>
  );
}

function ChangePassword() {
  const app = useApp();
  const { body: signIns } = useAnswer<PageOf<SignInLine>>('/api/me/sign-ins');
  const send = async (data: FormData) => {
    await app.api.command('PUT', '/api/me/password', { body: { current: data.get('current'), new: data.get('new') } });
    changedAccounts(app);
    const said = 'Your password is changed. All your other sessions have ended.';
    return signIns?.items.length ? `${said} ${signIns.items.map(({ name }) => name).join(', ')} goes on to let you in: My page removes that.` : said;
  };
  return (
    <FormDialog label="Your password" does="Change the password" beneath="/me" send={send}>
      {(trouble) => (
        <>
          <Field name="current" label="Present password" trouble={trouble}>
            {(control) => <input {...control} data-first type="password" autocomplete="current-password" maxLength={1000} />}
          </Field>
          <NewPasswordField name="new" label="New password" trouble={trouble} />
        </>
      )}
    </FormDialog>
  );
}
