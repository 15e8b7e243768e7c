/** What somebody sees who has logged in and whose e-mail address is to be confirmed first. */
import { useEffect } from 'preact/hooks';
import { useApp } from '../app.ts';
import { lookAtConfirmation } from '../confirmation.ts';
import { FirstThing } from './first-thing.tsx';
import { SendConfirmation } from './send-confirmation.tsx';

export function Unconfirmed() {
  useConfirmedElsewhere();

  return (
    <FirstThing heading="Confirm your e-mail address">
      <p>
        A link was mailed to you. It proves that the address is yours, and sets the password that you log in with from then on; if you signed in at
        another site, open it in this browser, and no password is needed.
      </p>
      <SendConfirmation class="primary wide" />
    </FirstThing>
  );
}

/** Milliseconds between two looks at whether the address is confirmed by now. */
const LOOKS = 20_000;

/**
 * Goes on, or out, once the address was confirmed by a link that was opened elsewhere, or by an admin. A page that nobody is at does not keep its session
 * in use: it looks as long as its token is good, and again when somebody comes back to it.
 */
function useConfirmedElsewhere(): void {
  const { api, session } = useApp();
  useEffect(() => {
    const look = () => {
      if (document.visibilityState === 'visible') void lookAtConfirmation({ api, session });
    };
    const back = () => void session.token().then(look, () => undefined);
    back();
    const timer = setInterval(look, LOOKS);
    for (const sign of SIGNS_OF_SOMEBODY) window.addEventListener(sign, back);
    return () => {
      clearInterval(timer);
      for (const sign of SIGNS_OF_SOMEBODY) window.removeEventListener(sign, back);
    };
  }, [api, session]);
}

/** What shows that somebody is at the page. */
const SIGNS_OF_SOMEBODY = ['focus', 'pointerdown'] as const;
