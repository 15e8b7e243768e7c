/** The entrance of the page: log in, or register. */
import { useRef, useState } from 'preact/hooks';
import { useApp, useApps } from '../app.ts';
import { useFirstFieldAt } from '../first-field.ts';
import { useEntranceRules } from '../session-rules.ts';
import { isTypedKept } from '../typed.ts';
import { Field, FormTrouble, SendButton, useForm } from './field.tsx';
import { Forgotten } from './forgotten.tsx';
import { Mark } from './icons.tsx';
import { SecondStep } from './second-step.tsx';
import { SignInButton } from './sign-in.tsx';

type Way = 'login' | 'register' | 'forgotten';

const WAYS: Record<Way, { label: string; heading: string; others: readonly { words: string; label: string; way: Way }[] }> = {
  login: {
    label: 'Log in',
    heading: 'Welcome back',
    others: [
      { words: 'Forgot your password?', label: 'Set another one', way: 'forgotten' },
      { words: 'New here?', label: 'Make an account', way: 'register' },
    ],
  },
  register: { label: 'Register', heading: 'Make an account', others: [{ words: 'You have an account?', label: 'Log in', way: 'login' }] },
  forgotten: { label: 'Forgotten password', heading: 'Forgot your password?', others: [{ words: 'You know it?', label: 'Log in', way: 'login' }] },
};

/** The entrance. It stands at every place that somebody wants who is not logged in; what it shows there is the form to log in. */
export function Entrance({ path }: { path: string }) {
  const { navigation } = useApp();
  const ended = useApps((state) => state.ended);
  const way: Way = (['register', 'forgotten'] as const).find((one) => path === `/${one}`) ?? 'login';
  const { signIn, registration } = useEntranceRules();
  useFirstFieldAt(way);
  const { label, heading, others: all } = WAYS[way];
  // Who is not logged in may only be offered what the server lets them do.
  const others = signIn?.only ? [] : all.filter((other) => other.way !== 'register' || registration === 'open');
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
        <h2>{heading}</h2>
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
      {way === 'forgotten' ? <Forgotten email={typed.current} /> : <EntranceSteps key={way} isNew={way === 'register'} email={typed.current} />}
    </div>
  );
}

/** The form, and the second step of logging in where the password is not enough. */
function EntranceSteps({ isNew, email }: { isNew: boolean; email: string }) {
  const [ticket, setTicket] = useState<string | null>(null);
  useFirstFieldAt(ticket);
  if (ticket !== null) return <SecondStep ticket={ticket} onBack={() => setTicket(null)} />;
  return <EntranceForm isNew={isNew} email={email} onAsked={setTicket} />;
}

function EntranceForm({ isNew, email, onAsked }: { isNew: boolean; email: string; onAsked: (ticket: string) => void }) {
  const { session } = useApp();
  const { form, submit, busy, trouble } = useForm(async (data) => {
    const typed = (field: string) => String(data.get(field) ?? '');
    if (isNew) return session.register(typed('name'), typed('email'), typed('password'));
    const ticket = await session.login(typed('email'), typed('password'));
    if (ticket !== null) onAsked(ticket);
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
