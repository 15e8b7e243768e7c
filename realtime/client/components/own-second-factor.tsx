/** The user's second factor on My page: it is set up, gets new recovery codes, and is turned off. */
import { useState } from 'preact/hooks';
import { changeAccount, changedAccounts, useAnswer } from '../accounts.ts';
import { useApp } from '../app.ts';
import type { OwnSecondFactor } from '../second-factor.ts';
import { RecoveryCodes, SecondFactorSetup } from './second-factor-setup.tsx';

export function SecondFactorPart() {
  const app = useApp();
  const { body, trouble } = useAnswer<OwnSecondFactor>('/api/me/second-factor');
  const [settingUp, setSettingUp] = useState(false);
  const done = () => {
    setSettingUp(false);
    changedAccounts(app);
  };
  return (
    <section class="own-part" aria-labelledby="own-second-factor" aria-busy={body === null}>
      <h2 id="own-second-factor">Second factor</h2>
      {trouble && <p class="wrong">{trouble}</p>}
      {settingUp && <SecondFactorSetup onDone={done} onCancel={() => setSettingUp(false)} />}
      {!settingUp && body && (body.on ? <TurnedOn status={body} /> : <TurnedOff onBegin={() => setSettingUp(true)} />)}
    </section>
  );
}

function TurnedOff({ onBegin }: { onBegin: () => void }) {
  return (
    <>
      <p>Your password alone logs you in. With a second factor a code of an app on your phone is asked for, too.</p>
      <button type="button" onClick={onBegin}>
        Set it up
      </button>
    </>
  );
}

function TurnedOn({ status: { since, recoveryCodesLeft, required } }: { status: OwnSecondFactor }) {
  const app = useApp();
  const [codes, setCodes] = useState<readonly string[]>([]);
  const change = (work: () => Promise<unknown>, said: string) => changeAccount(app, work, { said, otherwise: 'It stays as it was.' });
  const renew = async () => {
    const answer: unknown = await app.api.command('POST', '/api/me/second-factor/recovery-codes');
    setCodes((answer as { recoveryCodes: string[] }).recoveryCodes);
  };
  if (codes.length > 0) return <RecoveryCodes codes={codes} onSeen={() => setCodes([])} />;
  return (
    <>
      <p>
        On since {since && new Date(since).toLocaleDateString()}. <span class="soft">{leftInWords(recoveryCodesLeft)}</span>
        {required && ' Your role must have one: turned off, it has to be set up again before anything else.'}
      </p>
      <div class="form-end">
        <button type="button" onClick={() => void change(renew, 'There are new recovery codes.')}>
          Make new recovery codes
        </button>
        <button
          type="button"
          class="danger"
          onClick={() => void change(() => app.api.command('DELETE', '/api/me/second-factor'), 'It is turned off.')}
        >
          Turn it off
        </button>
      </div>
    </>
  );
}

function leftInWords(left: number): string {
  if (left === 0) return 'No recovery code is left: make new ones.';
  return left === 1 ? 'One recovery code is left.' : `${left} recovery codes are left.`;
}
