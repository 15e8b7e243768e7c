/** On which channels the user is told of what; each choice is kept as soon as it is made. */
import { useState } from 'preact/hooks';
import { changedAccounts, useAnswer } from '../accounts.ts';
import { reason } from '../actions.ts';
import { useApp } from '../app.ts';

/** A kind of notification, as `GET /api/me/notifications` tells it. */
interface ChoiceLine {
  kind: string;
  words: string;
  channels: string[];
}

const CHANNEL_WORDS: Record<string, string> = { email: 'E-mail', sms: 'SMS', 'in-app': 'Inbox' };

export function NotificationChoices() {
  const app = useApp();
  const { body, trouble, isMissing } = useAnswer<{ items: ChoiceLine[]; sms?: 'ready' | 'needs-phone' | 'none' }>('/api/me/notifications');
  const [refusal, setRefusal] = useState('');
  if (isMissing) return null;
  const choose = async (line: ChoiceLine, channel: string, isWanted: boolean) => {
    const channels = isWanted ? [...line.channels, channel] : line.channels.filter((one) => one !== channel);
    setRefusal('');
    try {
      await app.api.command('PUT', '/api/me/notifications', { body: { [line.kind]: channels } });
      app.actions.say('Your choice is kept.');
    } catch (error) {
      setRefusal(reason(error));
    }
    changedAccounts(app);
  };
  return (
    <section class="own-part" aria-labelledby="own-choices" aria-busy={body === null}>
      <h2 id="own-choices">What you are told of</h2>
      <div role="alert">{(trouble || refusal) && <p class="wrong">{trouble || refusal}</p>}</div>
      {body?.sms === 'needs-phone' && <p class="hint">SMS are sent once you have confirmed a phone number.</p>}
      <ul class="own-rows">
        {body?.items.map((line) => (
          <li key={line.kind} class="own-row" data-choice={line.kind}>
            <Choice line={line} hasSms={body.sms !== 'none'} onChoose={(channel, isWanted) => void choose(line, channel, isWanted)} />
          </li>
        ))}
      </ul>
    </section>
  );
}

interface ChoiceProps {
  line: ChoiceLine;
  /** False where this installation sends no SMS. */
  hasSms: boolean;
  onChoose: (channel: string, isWanted: boolean) => void;
}

function Choice({ line, hasSms, onChoose }: ChoiceProps) {
  const channels = Object.entries(CHANNEL_WORDS).filter(([channel]) => hasSms || channel !== 'sms');
  return (
    <fieldset class="own-choice">
      <legend>{line.words || line.kind}</legend>
      {channels.map(([channel, word]) => {
        const isWanted = line.channels.includes(channel);
        return (
          <label class="check" key={channel}>
            <input
              type="checkbox"
              checked={isWanted}
              onChange={(event) => {
                const wanted = event.currentTarget.checked;
                // What is shown is what the server keeps.
                event.currentTarget.checked = isWanted;
                onChoose(channel, wanted);
              }}
            />
            {word}
          </label>
        );
      })}
    </fieldset>
  );
}
