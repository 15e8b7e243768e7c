/** On which channels the user is told of what; each choice is kept as soon as it is made. */
import { type ChoiceLine, useChoices } from '../own-choices.ts';
import { OnItsWay } from './field.tsx';

const CHANNEL_WORDS: Record<string, string> = { email: 'E-mail', sms: 'SMS', 'in-app': 'Inbox' };

export function NotificationChoices() {
  const { lines, sms, trouble, isMissing, isSending, choose } = useChoices();
  if (isMissing) return null;
  return (
    <section class="own-part" aria-labelledby="own-choices" aria-busy={lines === undefined}>
      <h2 id="own-choices">What you are told of</h2>
      <div role="alert">{trouble && <p class="wrong">{trouble}</p>}</div>
      {sms === 'needs-phone' && <p class="hint">SMS are sent once you have confirmed a phone number.</p>}
      <ul class="own-rows">
        {lines?.map((line) => (
          <li key={line.kind} class="own-row" data-choice={line.kind}>
            <Choice line={line} hasSms={sms !== 'none'} onChoose={(channels) => choose(line.kind, channels)} />
          </li>
        ))}
        {lines && <Always />}
      </ul>
      <OnItsWay busy={isSending} />
    </section>
  );
}

interface ChoiceProps {
  /** The kind; `trouble`: the reason why the server does not keep what is chosen, or empty. */
  line: ChoiceLine & { trouble: string };
  /** False where this installation sends no SMS. */
  hasSms: boolean;
  onChoose: (channels: readonly string[]) => void;
}

function Choice({ line: { words, kind, channels, trouble }, hasSms, onChoose }: ChoiceProps) {
  const offered = Object.entries(CHANNEL_WORDS).filter(([channel]) => hasSms || channel !== 'sms');
  const choose = (channel: string, isWanted: boolean) => onChoose(isWanted ? [...channels, channel] : channels.filter((one) => one !== channel));
  return (
    <>
      <fieldset class="own-choice">
        <legend>{words || kind}</legend>
        {offered.map(([channel, word]) => (
          <label class="check" key={channel}>
            <input type="checkbox" checked={channels.includes(channel)} onChange={({ currentTarget: { checked } }) => choose(channel, checked)} />
            {word}
          </label>
        ))}
      </fieldset>
      <div role="alert" class="own-refusal">
        {trouble && (
          <p class="wrong">
            This is not kept yet. {trouble}{' '}
            <button type="button" class="link" onClick={() => onChoose([...channels])}>
              Try again<span class="unseen"> to keep this choice</span>
            </button>
          </p>
        )}
      </div>
    </>
  );
}

/** What everybody is told of, whatever they chose. */
function Always() {
  return (
    <li class="own-row" data-choice-always>
      <fieldset class="own-choice" disabled>
        <legend>Confirmations, links that set a password, and what concerns the safety of your account</legend>
        <label class="check">
          <input type="checkbox" checked disabled />
          E-mail
        </label>
        <span class="soft">always: this cannot be turned off</span>
      </fieldset>
    </li>
  );
}
