/** My page: what is known of the user, and the ways to change it. */
import type { ComponentChildren } from 'preact';
import { type OwnAccount, useAccountChanges, useAnswer } from '../accounts.ts';
import { useApp, useApps } from '../app.ts';
import { useEntranceRules } from '../session-rules.ts';
import { Header } from './header.tsx';
import { NotificationChoices } from './notification-choices.tsx';
import { OwnData } from './own-data.tsx';
import { OwnPhone } from './own-phone.tsx';
import { SecondFactorPart } from './own-second-factor.tsx';
import { OwnSessions } from './own-sessions.tsx';
import { OwnSignIns } from './own-sign-ins.tsx';
import { Person } from './person.tsx';
import { SendConfirmation } from './send-confirmation.tsx';

export function MyPage() {
  const id = useApps((state) => state.me?.id ?? '');
  const { body: account, trouble } = useAnswer<OwnAccount>('/api/me');
  useAccountChanges(`user:${id}`);
  return (
    <>
      <Header />
      <main class="main own-page" aria-busy={account === null}>
        <h1>My page</h1>
        {trouble && (
          <p class="wrong" role="alert">
            {trouble}
          </p>
        )}
        {account && <Profile account={account} />}
        <SecondFactorPart />
        <OwnSignIns />
        <OwnSessions />
        <NotificationChoices />
        <OwnData id={id} />
      </main>
    </>
  );
}

function Profile({ account }: { account: OwnAccount }) {
  const { id, name, email, role, confirmed, pendingEmail, phone, sms, password } = account;
  return (
    <section class="own-part" aria-labelledby="own-profile">
      <h2 id="own-profile">Profile</h2>
      <ul class="own-rows">
        <ProfileRow label="Name" change="name">
          {name}
        </ProfileRow>
        <ProfileRow label="Picture" change="picture">
          <Person id={id} />
        </ProfileRow>
        <ProfileRow label="E-mail" change="email">
          {email} <span class="soft">{confirmed ? 'confirmed' : 'not confirmed yet'}</span>
          {!confirmed && <SendConfirmation />}
          {pendingEmail && <p class="soft">It becomes {pendingEmail} once you follow the link that was mailed there.</p>}
        </ProfileRow>
        {(sms || phone) && (
          <ProfileRow label="Phone" {...(sms ? { change: 'phone' } : {})}>
            <OwnPhone account={account} />
          </ProfileRow>
        )}
        <ProfileRow label="Password" {...(password ? { change: 'password' } : {})}>
          {password ? <span aria-hidden="true">••••••••••</span> : <NoPassword />}
        </ProfileRow>
        <ProfileRow label="Role">{role}</ProfileRow>
      </ul>
    </section>
  );
}

/** Why there is no password, or none that counts. */
function NoPassword() {
  const { signIn } = useEntranceRules();
  return (
    <span class="soft">{signIn?.only ? `none: one logs in with ${signIn.name}` : 'none: “Forgot your password?” where one logs in sets one'}</span>
  );
}

/** A line of the profile. `change`: the name of its dialog, below `/me/`; without one it cannot be changed here. */
export function ProfileRow({ label, change, children }: { label: string; change?: string; children: ComponentChildren }) {
  const { navigation } = useApp();
  return (
    <li class="own-row">
      <span class="own-label">{label}</span>
      <span class="own-value">{children}</span>
      {change && (
        <button type="button" aria-label={`Change ${label.toLowerCase()}`} onClick={() => navigation.go(`/me/${change}`)}>
          Change
        </button>
      )}
    </li>
  );
}
