/** The dialog in which an admin invites somebody by address, with a role. */
import { ROLES } from '../../../contracts/role.ts';
import { changedAccounts } from '../accounts.ts';
import { useApp } from '../app.ts';
import { Field } from './field.tsx';
import { FormDialog } from './form-dialog.tsx';

export function Invite() {
  const app = useApp();
  const send = async (data: FormData) => {
    const email = String(data.get('email')).trim();
    const { position } = await app.api.command('POST', '/api/invitations', { body: { email, role: data.get('role') } });
    changedAccounts(app, position);
    return `An invitation is on its way to ${email}.`;
  };
  return (
    <FormDialog label="Invite somebody" does="Send the invitation" beneath="/members" send={send}>
      {(trouble) => (
        <>
          <Field name="email" label="E-mail" trouble={trouble} hint="A link that makes the account is mailed to it. It is good for seven days.">
            {(control) => <input {...control} data-first type="email" autocomplete="off" inputMode="email" />}
          </Field>
          <Field name="role" label="Role" trouble={trouble}>
            {(control) => (
              <select {...control} defaultValue="member">
                {ROLES.map((one) => (
                  <option key={one} value={one} selected={one === 'member'}>
                    {one}
                  </option>
                ))}
              </select>
            )}
          </Field>
        </>
      )}
    </FormDialog>
  );
}
