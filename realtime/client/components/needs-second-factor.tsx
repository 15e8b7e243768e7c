/** What somebody sees whose role must have a second factor, and who has none. */
import { useApp } from '../app.ts';
import { Mark } from './icons.tsx';
import { SecondFactorSetup } from './second-factor-setup.tsx';

export function NeedsSecondFactor() {
  const { session } = useApp();
  return (
    <main class="entrance entrance-single">
      <section class="entrance-form">
        <Mark />
        <h1>Set up a second factor</h1>
        <p>Your role must have one: beside the password, a code of an app on your phone.</p>
        <SecondFactorSetup onDone={() => void session.token(true)} />
        <p class="other-way">
          <button type="button" class="link" onClick={() => void session.logout()}>
            Log out
          </button>
        </p>
      </section>
    </main>
  );
}
