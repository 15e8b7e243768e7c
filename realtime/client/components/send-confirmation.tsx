/** The button that has the mail sent again by which an address is confirmed. */
import { useState } from 'preact/hooks';
import { reason } from '../actions.ts';
import { useApp } from '../app.ts';

/** `class`: of the button. */
export function SendConfirmation({ class: name = '' }: { class?: string }) {
  const { api } = useApp();
  const [told, setTold] = useState('');

  async function sendAgain(): Promise<void> {
    try {
      const { email } = (await api.get<{ email: string }>('/api/me')).body;
      await api.open('/api/confirmation-mails', { email });
      setTold('It is on its way.');
    } catch (error) {
      setTold(reason(error));
    }
  }

  return (
    <>
      <p role="status">{told}</p>
      <button type="button" class={name} onClick={() => void sendAgain()}>
        Send the mail again
      </button>
    </>
  );
}
