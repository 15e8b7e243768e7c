/** The entrance of the page: log in, or register. */
import { useRef, useState } from 'preact/hooks';
import { type OwnAccount, useAnswer } from '../accounts.ts';
import { useApp, useApps } from '../app.ts';
import { useFirstFieldAt } from '../first-field.ts';
import { DEVICES_KEY } from '../session.ts';
import { useEntranceRules } from '../session-rules.ts';
import { isTypedKept } from '../typed.ts';
import { Field, FormTrouble, SendButton, useForm } from './field.tsx';
import { Forgotten } from './forgotten.tsx';
import { Mark } from './icons.tsx';
import { SecondStep } from './second-step.tsx';
import { SignInButton } from './sign-in.tsx';

type Way = 'login' | 'register' | 'forgotten';
interface OtherWay {
  words: string;
  label: string;
  way: Way | 'me';
}

const WAYS: Record<Way, { label: string; heading: string; others: readonly OtherWay[] }> = {
  login: {
    label: 'Log in',
    heading: 'Log in',
    others: [
      { words: 'Forgot your password?', label: 'Set another one', way: 'forgotten' },
      { words: 'New here?', label: 'Make an account', way: 'register' },
    ],
  },
  register: { label: 'Register', heading: 'Make an account', others: [{ words: 'You have an account?', label: 'Log in', way: 'login' }] },
  forgotten: { label: 'Forgotten password', heading: 'Forgot your password?', others: [{ words: 'You know it?', label: 'Log in', way: 'login' }] },
};

/** The way on of who is logged in, and has a link mailed all the same. */
const BACK_IN: readonly OtherWay[] = [{ words: 'You know it?', label: 'Go to my page', way: 'me' }];
/** Who was in from this browser is welcomed back. */
const headingOf = (way: Way) => (way === 'login' && localStorage.getItem(DEVICES_KEY) !== null ? 'Welcome back' : WAYS[way].heading);

/** The other ways on from one. Who is not logged in may only be offered what the server lets them do. */
function othersThan(way: Way, { isIn, only, isOpen }: { isIn: boolean; only: boolean; isOpen: boolean }): readonly OtherWay[] {
  if (isIn) return BACK_IN;
  return only ? [] : WAYS[way].others.filter((other) => other.way !== 'register' || isOpen);
}

/** The entrance. It stands at every place that somebody wants who is not logged in; what it shows there is the form to log in. */
export function Entrance({ path }: { path: string }) {
  const { navigation } = useApp();
  const ended = useApps((state) => state.ended);
  const isIn = useApps((state) => state.me !== null);
  const way: Way = (['register', 'forgotten'] as const).find((one) => path === `/${one}`) ?? 'login';
  const { signIn, registration } = useEntranceRules();
  useFirstFieldAt(way);
  const { label } = WAYS[way];
  const others = othersThan(way, { isIn, only: signIn?.only ?? false, isOpen: registration === 'open' });
  return (
    <main class="entrance">
      <section class="entrance-words">
        <Mark />
        <h1>taskledger</h1>
        <p>One board for everybody. What happens, happens before your eyes, and nothing that was written down is ever lost.</p>
        <ul class="tally" aria-hidden="true">
          <li>Anna moved “Lamp in the hall” to Done</li>
          <li>Ben took “Order new keys”</li>
          <li>Chloé commented on “Lift inspection”</li>
        </ul>
      </section>
      <section class="entrance-form" aria-label={label}>
        <h2>{headingOf(way)}</h2>
        {ended && way === 'login' && (
          <p role="status">Your session has ended. Log in again.{isTypedKept() && ' What you typed will be there again.'}</p>
        )}
        {path === '/address' && <p role="status">Log in first: the link that you opened is about the e-mail address of your account.</p>}
        {signIn && way === 'login' && <SignInButton signIn={signIn} />}
        {signIn?.only ? null : <ByPassword way={way} />}
        {others.map((other) => (
          <p key={other.way} class="other-way">
            {other.words}{' '}
            <button type="button" class="link" onClick={() => navigation.go(`/${other.way}`)}>
              {other.label}
            </button>
          </p>
        ))}
      </section>
    </main>
  );
}

/** The forms. The address that is typed in one is in the others, too. */
function ByPassword({ way }: { way: Way }) {
  const typed = useRef('');
  const keep = ({ target }: Event) => {
    if (target instanceof HTMLInputElement && target.name === 'email') typed.current = target.value;
  };
  return (
    <div onInput={keep}>
      {way === 'forgotten' ? <ForgottenBy typed={typed.current} /> : <EntranceSteps key={way} isNew={way === 'register'} email={typed.current} />}
    </div>
  );
}

/** The form for a link, with the address that was typed, or with that of who is logged in. */
function ForgottenBy({ typed }: { typed: string }) {
  const isIn = useApps((state) => state.me !== null);
  return isIn ? <ForgottenOfUser /> : <Forgotten email={typed} />;
}

function ForgottenOfUser() {
  const { body: account, trouble } = useAnswer<OwnAccount>('/api/me');
  return account || trouble ? <Forgotten email={account?.email ?? ''} /> : null;
}

/** The form, and the second step of logging in where the password is not enough. */
function EntranceSteps({ isNew, email }: { isNew: boolean; email: string }) {
  const [ticket, setTicket] = useState<string | null>(null);
  useFirstFieldAt(ticket);
  if (ticket !== null) return <SecondStep ticket={ticket} onBack={() => setTicket(null)} />;
  return <EntranceForm isNew={isNew} email={email} onAsked={setTicket} />;
}

function EntranceForm({ isNew, email, onAsked }: { isNew: boolean; email: string; onAsked: (ticket: string) => void }) {
  const { session, store } = useApp();
  const { form, submit, busy, trouble } = useForm(async (data) => {
    const typed = (field: string) => String(data.get(field) ?? '');
    if (isNew) return session.register(typed('name'), typed('email'), typed('password'));
    const ticket = await session.login(typed('email'), typed('password'));
    if (ticket !== null) onAsked(ticket);
    // Who has to choose another one first need not type it twice.
    else if (session.me()?.confined === 'password') store.set({ made: typed('password') });
  });
  return (
    <form ref={form} onSubmit={submit} noValidate>
      {isNew && (
        <Field name="name" label="Name" trouble={trouble} most={100}>
          {(control) => <input {...control} type="text" autocomplete="name" />}
        </Field>
      )}
      <Field name="email" label="E-mail" trouble={trouble}>
        {(control) => <input {...control} type="email" autocomplete="username" inputMode="email" defaultValue={email} />}
      </Field>
      <Field name="password" label="Password" trouble={trouble} {...(isNew ? { hint: 'At least 10 characters. A few words are fine.' } : {})}>
        {(control) => <input {...control} type="password" autocomplete={isNew ? 'new-password' : 'current-password'} maxLength={1000} />}
      </Field>
      <FormTrouble trouble={trouble} />
      <SendButton busy={busy} does={isNew ? 'Make the account' : 'Log in'} wide />
    </form>
  );
}
