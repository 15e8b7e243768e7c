/** What somebody sees whose role must have a second factor, and who has none. */
import { useApp } from '../app.ts';
import { FirstThing } from './first-thing.tsx';
import { SecondFactorSetup } from './second-factor-setup.tsx';

export function NeedsSecondFactor() {
  const { session } = useApp();
  return (
    <FirstThing heading="Set up a second factor">
      <p>Your role must have one: beside the password, a code of an app on your phone.</p>
      <SecondFactorSetup onDone={() => void session.token(true)} />
    </FirstThing>
  );
}
