/** The page that a mailed link opens: it sets the password, and so proves the address. Opening it only asks whether the link is good, since mail scanners open links, too. */
import { useState } from 'preact/hooks';
import { isCodeOfLink, type LinkPurpose } from '../../../contracts/places.ts';
import { ApiError } from '../api.ts';
import { useApp, useApps } from '../app.ts';
import { useLinkCheck } from '../link-check.ts';
import { type EntranceRules, useEntranceRules } from '../session-rules.ts';
import { Field, FormTrouble, NewPasswordField, SendButton, useForm } from './field.tsx';
import { Mark } from './icons.tsx';
import { SignInButton } from './sign-in.tsx';

/** `missing`: the address was opened without the code of a link; `broken`: with what can be none; `looks`: asks whether it is good; `spent`: the link is of no use any more. */
type Stage = 'missing' | 'broken' | 'looks' | 'asks' | 'spent' | 'done';

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
  words: 'It was used already, is too old, was followed by a newer one, or was changed on its way here.',
};
/** How another link is to be had, where the page cannot send one. */
const ASK_AGAIN = 'If that does not help, ask who invited you to send the invitation again.';

const HEADINGS: Record<PasswordPurpose, string> = {
  confirm: 'Confirm your e-mail address',
  reset: 'Set another password',
  invitation: 'You are invited',
};
const ENDS: Partial<Record<Stage, string>> = { broken: 'This link is broken', spent: SPENT.heading, done: 'Thank you' };
const WORDS: Record<Stage, string> = {
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
const LOOKED = { undefined: 'looks', true: 'asks', false: 'spent' } as const;

/** The stage of a link before its form is sent. */
function useStage(purpose: PasswordPurpose, token: string | null): Stage {
  const opened = stageOf(token);
  const good = useLinkCheck(purpose, opened === 'asks' ? token : null);
  return opened === 'asks' ? LOOKED[String(good) as keyof typeof LOOKED] : opened;
}

export function MailedLinkPage({ purpose }: { purpose: PasswordPurpose }) {
  const token = useApps(({ link }) => (link?.purpose === purpose ? link.token : null));
  const [outcome, setOutcome] = useState<'spent' | 'done' | null>(null);
  const looked = useStage(purpose, token);
  const { signIn } = useEntranceRules();
  const offered = purpose === 'invitation' ? signIn : undefined;
  const stage: Stage = outcome ?? looked;
  const needsAnother = stage === 'missing' || stage === 'broken' || stage === 'spent';
  return (
    <main class="entrance entrance-single">
      <section class="entrance-form">
        <Mark />
        <h1>{ENDS[stage] ?? HEADINGS[purpose]}</h1>
        <p role="status">{wordsOf(stage, offered)}</p>
        {needsAnother && purpose === 'invitation' && <p>{ASK_AGAIN}</p>}
        {stage === 'asks' && <Ask offered={offered} purpose={purpose} token={token ?? ''} onEnd={setOutcome} />}
        <WaysOn canSend={needsAnother && purpose !== 'invitation'} isDone={stage === 'done'} />
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
  onEnd: (outcome: 'spent' | 'done') => void;
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

function wordsOf(stage: Stage, offered: Offered): string {
  return stage === 'asks' && offered?.only ? `You come in by ${offered.name}.` : WORDS[stage];
}

function LinkForm({ purpose, token, onEnd }: LinkFormProps) {
  const { api } = useApp();
  const isInvited = purpose === 'invitation';
  const { form, submit, busy, trouble } = useForm(async (data) => {
    const password = data.get('password');
    const body = isInvited ? { code: token, name: String(data.get('name')).trim(), password } : { token, password };
    await api.open(PATHS[purpose], body).then(
      () => onEnd('done'),
      (error) => {
        if (!isSpent(error)) throw error;
        onEnd('spent');
      },
    );
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

function WaysOn({ canSend, isDone }: { canSend: boolean; isDone: boolean }) {
  const { store, navigation } = useApp();
  const leave = (to: '/' | '/forgotten') => () => {
    store.set({ link: null });
    navigation.go(to, { replace: true });
  };
  return (
    <p class="other-way">
      {canSend && (
        <>
          <button type="button" class="link" onClick={leave('/forgotten')}>
            Send me another one
          </button>{' '}
        </>
      )}
      <button type="button" class="link" onClick={leave('/')}>
        {isDone ? 'Log in' : 'Go to the board'}
      </button>
    </p>
  );
}

function isSpent(error: unknown): boolean {
  return error instanceof ApiError && error.errors.some(({ pointer }) => pointer === '/token' || pointer === '/code');
}
