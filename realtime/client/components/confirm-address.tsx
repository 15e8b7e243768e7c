/** The place that the link of a confirmation opens: it sets a password, unless who is logged in has none and needs none. */
import { type OwnAccount, useAnswer } from '../accounts.ts';
import { useApps } from '../app.ts';
import { type EntranceRules, useEntranceRules } from '../session-rules.ts';
import { Mark } from './icons.tsx';
import { MailedLinkPage } from './mailed-link.tsx';
import { NewAddress } from './new-address.tsx';
import { SignInButton } from './sign-in.tsx';

export function ConfirmAddress() {
  const isIn = useApps((state) => state.me !== null);
  const { signIn } = useEntranceRules();
  if (isIn) return <OfAccount />;
  return signIn?.only ? <SignInFirst signIn={signIn} /> : <MailedLinkPage key="confirm" purpose="confirm" />;
}

function OfAccount() {
  const { body: account, trouble } = useAnswer<OwnAccount>('/api/me');
  if (!account && !trouble) return null;
  return account?.password === false ? <NewAddress purpose="confirm" /> : <MailedLinkPage key="confirm" purpose="confirm" />;
}

/** What is to be done where nobody sets a password. The code of the link is kept nowhere, and so does not outlast the way to the other site. */
function SignInFirst({ signIn }: { signIn: NonNullable<EntranceRules['signIn']> }) {
  return (
    <main class="entrance entrance-single">
      <section class="entrance-form">
        <Mark />
        <h1>Confirm your e-mail address</h1>
        <p>Log in with {signIn.name} first. Then open the link in the mail once more.</p>
        <SignInButton signIn={signIn} />
      </section>
    </main>
  );
}
