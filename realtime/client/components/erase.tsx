/** Erasing a person for good: oneself on My page, and a member for admins. The certificate is downloaded when it is there. */
import { useState } from 'preact/hooks';
import { reason } from '../actions.ts';
import { useApp, useApps } from '../app.ts';
import { orderErasure, whatBecame } from '../erasing.ts';
import { saveFile } from '../saved.ts';
import { AskedTwice } from './asked-twice.tsx';

interface EraseProps {
  id: string;
  label: string;
  question: string;
  /** Called once it is ordered, and cannot be taken back. */
  onOrdered?: () => void;
}

/** A button that erases a person, after it asked once more and after the proof that the server wants. */
export function EraseButton({ id, label, question, onOrdered }: EraseProps) {
  const { api, actions } = useApp();
  const isAdminsOwn = useApps((state) => state.me?.id === id && state.me.role === 'admin');
  const [busy, setBusy] = useState(false);
  const erase = async () => {
    if (busy) return;
    setBusy(true);
    try {
      const certified = await orderErasure(api, id, { isAdminsOwn });
      actions.note({ kind: 'done', text: 'The erasure has begun. Its certificate is downloaded here when it is done: keep this page open.' });
      onOrdered?.();
      saveFile(new Blob([JSON.stringify(await certified(), null, 2)], { type: 'application/json' }), `erasure-${id}.json`);
    } catch (error) {
      actions.note({ kind: 'trouble', text: `${whatBecame(error)} ${reason(error)}` });
      setBusy(false);
    }
  };
  return busy ? <p class="soft">One moment…</p> : <AskedTwice label={label} question={question} does="Erase for good" onSure={() => void erase()} />;
}
