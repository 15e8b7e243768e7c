/** The page that a mailed link opens in the account that it is of, where it asks for nothing but a press of a button. Opening it only asks whether the link is good. */
import { useState } from 'preact/hooks';
import { reason } from '../actions.ts';
import { ApiError } from '../api.ts';
import { useApp, useApps } from '../app.ts';
import { useLinkCheck } from '../link-check.ts';
import { Mark } from './icons.tsx';
import { LINK_BROKEN, SPENT, stageOf } from './mailed-link.tsx';

type Purpose = 'address' | 'confirm';

/** `another`: how another link is to be had; `over`: what is said of one whose work is done already. */
const OF: Record<Purpose, { path: string; heading: string; asks: string; another: string; over: string; done: (email: string) => string }> = {
  address: {
    path: '/api/email-changes/finish',
    heading: 'Change your e-mail address',
    asks: 'Press the button, and the address that the link was mailed to is yours from then on.',
    another: 'If that does not help, change the address on My page once more: another link is mailed then.',
    over: 'This link was used already. My page shows the address of your account.',
    done: (email) => `Your address is ${email} now.`,
  },
  confirm: {
    path: '/api/me/confirmation',
    heading: 'Confirm your e-mail address',
    asks: 'Press the button, and the address that the link was mailed to counts as yours.',
    another: 'If that does not help, have the mail sent again where the page asks you to confirm your address.',
    over: 'Your address is confirmed already: this link is needed no more.',
    done: () => 'Your address is confirmed.',
  },
};
const HEADS: Partial<Record<Stage, string>> = {
  broken: 'This link is broken',
  spent: SPENT.heading,
  over: 'This link is needed no more',
  done: 'Thank you',
};
type Stage = ReturnType<typeof stageOf> | 'spent' | 'over' | 'refused' | 'done';
/** The stage of a link, by what is found of it; while nothing is, the button stands there. */
const FOUND = { good: 'asks', done: 'over', ended: 'spent' } as const;
const MISSING = 'The code of your link is not kept here. Open the link in the mail once more.';

export function NewAddress({ purpose = 'address' }: { purpose?: Purpose }) {
  const { api, session, store, navigation } = useApp();
  const { path, heading, asks, another, over, done } = OF[purpose];
  const token = useApps(({ link }) => (link?.purpose === purpose ? link.token : null));
  const opened = stageOf(token);
  const { found } = useLinkCheck(purpose, opened === 'asks' ? token : null);
  const [outcome, setOutcome] = useState<'refused' | 'done'>();
  const [said, setSaid] = useState('');
  const stage: Stage = outcome ?? (found ? FOUND[found] : opened);
  const told =
    said || { asks, missing: MISSING, broken: `${LINK_BROKEN} ${another}`, spent: `${SPENT.words} ${another}`, over, refused: '', done: '' }[stage];

  async function confirm(): Promise<void> {
    try {
      const { email } = (await api.command('POST', path, { body: { token } })) as unknown as { email: string };
      setOutcome('done');
      setSaid(done(email));
    } catch (error) {
      setSaid(reason(error));
      // What the same press would meet again is not offered again.
      if (error instanceof ApiError && isFinal(error)) setOutcome('refused');
    }
  }
  const leave = async () => {
    store.set({ link: null });
    // The next tokens say what is open now.
    if (stage === 'done') await session.token(true).catch(() => null);
    navigation.go('/me', { replace: true });
  };

  return (
    <main class="entrance entrance-single">
      <section class="entrance-form">
        <Mark />
        <h1>{HEADS[stage] ?? heading}</h1>
        <p role="status">{told}</p>
        {stage === 'asks' && (
          <button type="button" class="primary wide" onClick={() => void confirm()}>
            Confirm the address
          </button>
        )}
        <p class="other-way">
          <button type="button" class="link" onClick={() => void leave()}>
            Go to my page
          </button>
        </p>
      </section>
    </main>
  );
}

/** True where the server would refuse the same request again: not for a network that is away, a limit, or a fault of its own. */
const isFinal = ({ status, passing }: ApiError) => !passing && status !== 401 && status !== 429 && status < 500;
