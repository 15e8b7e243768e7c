/** The page that the link to another e-mail address opens, in the account whose address it is to be. Opening it sends nothing. */
import { useState } from 'preact/hooks';
import { reason } from '../actions.ts';
import { useApp, useApps } from '../app.ts';
import { Mark } from './icons.tsx';

export function NewAddress() {
  const { api, store, navigation } = useApp();
  const token = useApps(({ link }) => (link?.purpose === 'address' ? link.token : null));
  const [told, setTold] = useState(token ? 'Press the button, and the address that the link was mailed to is yours from then on.' : MISSING);
  const [isDone, setDone] = useState(false);

  async function confirm(): Promise<void> {
    try {
      const { email } = (await api.command('POST', '/api/email-changes/finish', { body: { token } })) as unknown as { email: string };
      setDone(true);
      setTold(`Your address is ${email} now.`);
    } catch (error) {
      setTold(reason(error));
    }
  }
  const leave = () => {
    store.set({ link: null });
    navigation.go('/me', { replace: true });
  };

  return (
    <main class="entrance entrance-single">
      <section class="entrance-form">
        <Mark />
        <h1>{isDone ? 'Thank you' : 'Change your e-mail address'}</h1>
        <p role="status">{told}</p>
        {token && !isDone && (
          <button type="button" class="primary wide" onClick={() => void confirm()}>
            Confirm the address
          </button>
        )}
        <p class="other-way">
          <button type="button" class="link" onClick={leave}>
            Go to my page
          </button>
        </p>
      </section>
    </main>
  );
}

const MISSING = 'The code of your link is not kept here. Open the link in the mail once more.';
