/** Signing in at another site: the buttons that lead there, and the page that it leads back to. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { reason } from '../actions.ts';
import { useApp, useApps } from '../app.ts';
import { asksForInvitation, invitationOf, keepInvitation } from '../brought-invitation.ts';
import { useFirstFieldAt } from '../first-field.ts';
import type { EndedSignIn, MailedLink } from '../fragment.ts';
import type { BrowserSession } from '../session.ts';
import { type EntranceRules, useEntranceRules } from '../session-rules.ts';
import { rememberWanted, takeWanted } from '../wanted.ts';
import { Field, FormTrouble, SendButton, useForm } from './field.tsx';
import { Mark } from './icons.tsx';
import { SecondStep } from './second-step.tsx';

type OfferedSignIn = NonNullable<EntranceRules['signIn']>;

const wrong = (name: string) => `The answer of ${name} was not valid. Sign in again; if that does not help, tell whoever runs this site.`;

const TROUBLES: Readonly<Record<string, (name: string) => string>> = {
  away: (name) => `${name} cannot be reached right now. Try again in a moment.`,
  busy: (name) => `${name} cannot sign you in right now. Sign in again in a moment.`,
  denied: (name) => `You were not signed in at ${name}.`,
  stale: () => 'This sign-in was used already, took too long, or began in another browser. Sign in again.',
  wrong,
  limited: () => 'There were too many sign-ins from your network. Wait some minutes, then try again.',
};

/** The button that leads to the other site, with the invitation that was opened; it is at the address of the pages that people come back to. */
export function SignInButton({ signIn: { name, url } }: { signIn: OfferedSignIn }) {
  const { store } = useApp();
  return (
    <button type="button" class="primary wide" onClick={() => leave(url, store.get().link)}>
      Log in with {name}
    </button>
  );
}

/** The button that leads to the other site to sign in there anew, which is a proof of who one is. */
export function SignInAgainButton({ signIn: { name, url } }: { signIn: OfferedSignIn }) {
  return (
    <button type="button" class="wide" onClick={() => leave(`${url}?again=1`, null)}>
      Sign in again at {name}
    </button>
  );
}

function leave(url: string, link: MailedLink | null): void {
  keepInvitation(link);
  rememberWanted(location.pathname + location.search);
  location.assign(url);
}

export function SignInPage() {
  const { navigation } = useApp();
  const signIn = useApps((state) => state.signIn);
  const { signIn: offered } = useEntranceRules();
  const name = offered?.name ?? 'the other site';
  const code = signIn && 'code' in signIn ? signIn.code : null;
  return (
    <main class="entrance entrance-single">
      <section class="entrance-form">
        <Mark />
        <h1>Log in with {name}</h1>
        {code === null ? <p role="alert">{troubleIn(signIn, name)}</p> : <Exchange code={code} name={name} />}
        {offered && code === null && <SignInButton signIn={offered} />}
        <p class="other-way">
          <button type="button" class="link" onClick={() => navigation.go('/', { replace: true })}>
            Back
          </button>
        </p>
      </section>
    </main>
  );
}

function troubleIn(signIn: EndedSignIn | null, name: string): string {
  if (!signIn || !('trouble' in signIn)) return 'Sign in again.';
  return (TROUBLES[signIn.trouble] ?? wrong)(name);
}

/** Exchanges the code, once, with the invitation that was opened; where there is an account with the address already, asks for its password, and exchanges it then. */
function Exchange({ code, name }: { code: string; name: string }) {
  const { session, navigation, store } = useApp();
  const [asked, setAsked] = useState<Awaited<ReturnType<BrowserSession['signIn']>>>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const begun = useRef(false);
  useFirstFieldAt(asked);

  async function exchange(given?: { password?: string; invitation?: string }): Promise<void> {
    const more = await session.signIn(code, given);
    if (more === null) return goOn();
    setFailure(null);
    setAsked(more);
  }

  function goOn(): void {
    store.set({ signIn: null, link: null });
    navigation.go(takeWanted(), { replace: true, sure: true });
  }

  useEffect(() => {
    if (begun.current) return;
    begun.current = true;
    const invitation = invitationOf(store.get().link);
    exchange(invitation === undefined ? {} : { invitation }).catch(setFailure);
  }, []);

  if (failure !== null)
    return (
      <>
        <p role="alert">{reason(failure)}</p>
        {asksForInvitation(failure) && <Invited accept={(invitation) => exchange({ invitation })} />}
      </>
    );
  if (asked === null) return <p role="status">One moment…</p>;
  if ('ticket' in asked) return <SecondStep ticket={asked.ticket} onDone={goOn} onBack={() => navigation.go('/', { replace: true })} />;
  return <Joining address={asked.passwordOf} name={name} join={(password) => exchange({ password })} />;
}

/** For whom nobody has let in: the link of an invitation's mail says that they may, where the other site verifies no addresses, or tells none. */
function Invited({ accept }: { accept(invitation: string): Promise<void> }) {
  const { form, submit, busy, trouble } = useForm((data) => accept(codeIn(String(data.get('invitation') ?? ''))));
  return (
    <form ref={form} onSubmit={submit} noValidate>
      <Field name="invitation" label="If you were invited, the link of that mail" trouble={trouble}>
        {(control) => <input {...control} type="text" autocomplete="off" maxLength={1000} />}
      </Field>
      <FormTrouble trouble={trouble} />
      <SendButton busy={busy} does="Use the invitation" wide />
    </form>
  );
}

/** The code at the end of a link, or as it was pasted alone. */
function codeIn(link: string): string {
  return link.trim().split(/[#=]/).at(-1) ?? '';
}

function Joining({ address, name, join }: { address: string; name: string; join(password: string): Promise<void> }) {
  const { form, submit, busy, trouble } = useForm((data) => join(String(data.get('password') ?? '')));
  return (
    <form ref={form} onSubmit={submit} noValidate>
      <p>
        There is an account with the address {address}. Give its password once, and from then on {name} logs you in to it.
      </p>
      <input type="hidden" autocomplete="username" value={address} />
      <Field name="password" label="Password" trouble={trouble}>
        {(control) => <input {...control} type="password" autocomplete="current-password" maxLength={1000} />}
      </Field>
      <FormTrouble trouble={trouble} />
      <SendButton busy={busy} does="Join the account" wide />
    </form>
  );
}
