/** The page that a mailed link opens: it sets the password, and so proves the address. Opening it only asks whether the link is good, since mail scanners open links, too. */
import { useState } from 'preact/hooks';
import { isCodeOfLink, type LinkPurpose } from '../../../contracts/places.ts';
import { ApiError } from '../api.ts';
import { useApp, useApps } from '../app.ts';
import { useLinkCheck } from '../link-check.ts';
import { type EntranceRules, useEntranceRules } from '../session-rules.ts';
import { AskForLink } from './ask-for-link.tsx';
import { Field, FormTrouble, NewPasswordField, SendButton, useForm } from './field.tsx';
import { Mark } from './icons.tsx';
import { SignInButton } from './sign-in.tsx';

/** `missing`: the address was opened without the code of a link; `broken`: with what can be none; `looks`: asks whether it is good; `spent`: the link is of no use any more; `over`: because what it was for is done. */
type Stage = 'missing' | 'broken' | 'looks' | 'asks' | 'spent' | 'over' | 'done';

/** The purposes of links that set a password. */
export type PasswordPurpose = Exclude<LinkPurpose, 'address'>;

const PATHS: Record<PasswordPurpose, string> = {
  confirm: '/api/confirmations',
  reset: '/api/password-resets/finish',
  invitation: '/api/invitations/accept',
};
/** What is said of a link whose code is none. */
export const LINK_BROKEN = 'A part of it was lost or changed on its way here. Open it from the mail itself, or copy the whole of it.';
/** What is said of a link whose code is good for nothing. */
export const SPENT = {
  heading: 'This link is of no use',
  words: 'It is too old, was followed by a newer one, or was changed on its way here.',
};
/** How another link is to be had, where the page cannot send one. */
const ASK_AGAIN = 'If that does not help, ask who invited you to send the invitation again.';

const HEADINGS: Record<PasswordPurpose, string> = {
  confirm: 'Confirm your e-mail address',
  reset: 'Set another password',
  invitation: 'You are invited',
};
/** What is said of a link that did its work before, or whose work was done in another way. */
const OVER: Record<PasswordPurpose, { heading: string; words: string }> = {
  confirm: { heading: 'Your e-mail address is confirmed', words: 'It was confirmed before: this link is needed no more.' },
  reset: { heading: 'Your password is set', words: 'This link was used already, or the password was set in another way since.' },
  invitation: { heading: 'Your account is made', words: 'This invitation was used already. Log in with the address that was invited.' },
};
const ENDS: Partial<Record<Stage, string>> = { broken: 'This link is broken', spent: SPENT.heading, done: 'Thank you' };
const WORDS: Record<Exclude<Stage, 'over'>, string> = {
  missing: 'The code of your link is not kept here. Open the link in the mail once more.',
  broken: LINK_BROKEN,
  looks: 'One moment…',
  asks: 'Choose the password that you will log in with.',
  spent: SPENT.words,
  done: 'Your password is set, and your e-mail address is confirmed. Log in with them.',
};

/** The other site at which who is invited may sign in; undefined where there is none. */
type Offered = EntranceRules['signIn'];

/** The stage of a link with a code, by what is known of it. */
const LOOKED = { good: 'asks', done: 'over', ended: 'spent' } as const;

/** The stage of a link before its form is sent, and what looks at it again. */
function useStage(purpose: PasswordPurpose, token: string | null): { stage: Stage; lookAgain: () => void } {
  const opened = stageOf(token);
  const { found, lookAgain } = useLinkCheck(purpose, opened === 'asks' ? token : null);
  if (opened !== 'asks') return { stage: opened, lookAgain };
  return { stage: found ? LOOKED[found] : 'looks', lookAgain };
}

export function MailedLinkPage({ purpose }: { purpose: PasswordPurpose }) {
  const token = useApps(({ link }) => (link?.purpose === purpose ? link.token : null));
  const [isDone, setDone] = useState(false);
  const looked = useStage(purpose, token);
  const { signIn } = useEntranceRules();
  const offered = purpose === 'invitation' ? signIn : undefined;
  const stage: Stage = isDone ? 'done' : looked.stage;
  const needsAnother = stage === 'missing' || stage === 'broken' || stage === 'spent';
  return (
    <main class="entrance entrance-single">
      <section class="entrance-form">
        <Mark />
        <h1>{headingOf(stage, purpose)}</h1>
        <p role="status">{wordsOf(stage, purpose, offered)}</p>
        {needsAnother && <AnotherLink purpose={purpose} />}
        {stage === 'asks' && <Ask offered={offered} purpose={purpose} token={token ?? ''} onDone={() => setDone(true)} onSpent={looked.lookAgain} />}
        <WaysOn canReset={needsAnother && purpose === 'reset'} leadsIn={stage === 'done' || stage === 'over'} />
      </section>
    </main>
  );
}

/** The stage at which a page begins that was opened with this text for a code; null: with none. */
export function stageOf(token: string | null): 'missing' | 'broken' | 'asks' {
  if (token === null) return 'missing';
  return isCodeOfLink(token) ? 'asks' : 'broken';
}

interface LinkFormProps {
  purpose: PasswordPurpose;
  token: string;
  onDone: () => void;
  /** Called when the link was good for nothing any more as the form was sent. */
  onSpent: () => void;
}

/** What is asked for; who is invited may sign in at another site instead, which takes the invitation along. */
function Ask({ offered, ...props }: LinkFormProps & { offered: Offered }) {
  return (
    <>
      {offered && <SignInButton signIn={offered} />}
      {offered?.only ? null : <LinkForm {...props} />}
    </>
  );
}

/** How another link is to be had; one that sets a password is asked for at a place of its own. */
function AnotherLink({ purpose }: { purpose: PasswordPurpose }) {
  if (purpose === 'invitation') return <p>{ASK_AGAIN}</p>;
  if (purpose === 'reset') return null;
  return (
    <AskForLink
      path="/api/confirmation-mails"
      hint="A new link that confirms the address is mailed to it. It ends those before it."
      does="Send the mail again"
      said="If an account with this address waits to be confirmed, the mail is on its way. If it was confirmed already, log in."
    />
  );
}

function headingOf(stage: Stage, purpose: PasswordPurpose): string {
  return stage === 'over' ? OVER[purpose].heading : (ENDS[stage] ?? HEADINGS[purpose]);
}

function wordsOf(stage: Stage, purpose: PasswordPurpose, offered: Offered): string {
  if (stage === 'over') return OVER[purpose].words;
  return stage === 'asks' && offered?.only ? `You come in by ${offered.name}.` : WORDS[stage];
}

function LinkForm({ purpose, token, onDone, onSpent }: LinkFormProps) {
  const { api } = useApp();
  const isInvited = purpose === 'invitation';
  const { form, submit, busy, trouble } = useForm(async (data) => {
    const password = data.get('password');
    const body = isInvited ? { code: token, name: String(data.get('name')).trim(), password } : { token, password };
    await api.open(PATHS[purpose], body).then(onDone, (error) => {
      if (!isSpent(error)) throw error;
      onSpent();
    });
  });
  return (
    <form ref={form} onSubmit={submit} noValidate>
      {isInvited && (
        <Field name="name" label="Your name" trouble={trouble} most={100}>
          {(control) => <input {...control} type="text" autocomplete="name" />}
        </Field>
      )}
      <NewPasswordField name="password" label="New password" trouble={trouble} />
      <FormTrouble trouble={trouble} />
      <SendButton busy={busy} does={isInvited ? 'Make the account' : 'Set the password'} wide />
    </form>
  );
}

function WaysOn({ canReset, leadsIn }: { canReset: boolean; leadsIn: boolean }) {
  const { store, navigation } = useApp();
  const isIn = useApps((state) => state.me !== null);
  const leave = (to: '/' | '/forgotten') => () => {
    store.set({ link: null });
    navigation.go(to, { replace: true });
  };
  return (
    <p class="other-way">
      {canReset && (
        <>
          <button type="button" class="link" onClick={leave('/forgotten')}>
            Send me another one
          </button>{' '}
        </>
      )}
      <button type="button" class="link" onClick={leave('/')}>
        {leadsIn && !isIn ? 'Log in' : 'Go to the board'}
      </button>
    </p>
  );
}

function isSpent(error: unknown): boolean {
  return error instanceof ApiError && error.errors.some(({ pointer }) => pointer === '/token' || pointer === '/code');
}
