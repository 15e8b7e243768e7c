/** The page that a mailed link opens in the account that it is of, where it asks for nothing but a press of a button. Opening it sends nothing. */
import { useState } from 'preact/hooks';
import { reason } from '../actions.ts';
import { useApp, useApps } from '../app.ts';
import { Mark } from './icons.tsx';
import { LINK_BROKEN, stageOf } from './mailed-link.tsx';

type Purpose = 'address' | 'confirm';

/** `another`: how another link is to be had. */
const OF: Record<Purpose, { path: string; heading: string; asks: string; another: string; done: (email: string) => string }> = {
  address: {
    path: '/api/email-changes/finish',
    heading: 'Change your e-mail address',
    asks: 'Press the button, and the address that the link was mailed to is yours from then on.',
    another: 'If that does not help, change the address on My page once more: another link is mailed then.',
    done: (email) => `Your address is ${email} now.`,
  },
  confirm: {
    path: '/api/me/confirmation',
    heading: 'Confirm your e-mail address',
    asks: 'Press the button, and the address that the link was mailed to counts as yours.',
    another: 'If that does not help, have the mail sent again where the page asks you to confirm your address.',
    done: () => 'Your address is confirmed.',
  },
};
const HEADS: Partial<Record<ReturnType<typeof stageOf>, string>> = { broken: 'This link is broken' };
const MISSING = 'The code of your link is not kept here. Open the link in the mail once more.';

export function NewAddress({ purpose = 'address' }: { purpose?: Purpose }) {
  const { api, session, store, navigation } = useApp();
  const { path, heading, asks, another, done } = OF[purpose];
  const token = useApps(({ link }) => (link?.purpose === purpose ? link.token : null));
  const stage = stageOf(token);
  const [told, setTold] = useState({ asks, missing: MISSING, broken: `${LINK_BROKEN} ${another}` }[stage]);
  const [isDone, setDone] = useState(false);

  async function confirm(): Promise<void> {
    try {
      const { email } = (await api.command('POST', path, { body: { token } })) as unknown as { email: string };
      setDone(true);
      setTold(done(email));
    } catch (error) {
      setTold(reason(error));
    }
  }
  const leave = async () => {
    store.set({ link: null });
    // The next tokens say what is open now.
    if (isDone) await session.token(true).catch(() => null);
    navigation.go('/me', { replace: true });
  };

  return (
    <main class="entrance entrance-single">
      <section class="entrance-form">
        <Mark />
        <h1>{isDone ? 'Thank you' : (HEADS[stage] ?? heading)}</h1>
        <p role="status">{told}</p>
        {stage === 'asks' && !isDone && (
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
