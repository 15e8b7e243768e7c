/** The download of all that is kept of a person: one's own on My page, and a member's for admins. */
import { useState } from 'preact/hooks';
import { reason } from '../actions.ts';
import { useApp } from '../app.ts';
import { saveFile } from '../saved.ts';
import { EraseButton } from './erase.tsx';

/** A button that downloads a person's data, after the proof that the server wants. */
export function DataDownload({ id, label }: { id: string; label: string }) {
  const { api, actions } = useApp();
  const [busy, setBusy] = useState(false);
  const download = async () => {
    if (busy) return;
    setBusy(true);
    try {
      saveFile(await api.download(`/api/users/${id}/export`), `taskledger-${id}.json`);
      actions.say('The data is downloaded.');
    } catch (error) {
      actions.note({ kind: 'trouble', text: `Nothing was downloaded. ${reason(error)}` });
    }
    setBusy(false);
  };
  return (
    <button type="button" aria-disabled={busy} onClick={() => void download()}>
      {busy ? 'One moment…' : label}
    </button>
  );
}

export function OwnData({ id }: { id: string }) {
  return (
    <section class="own-part" aria-labelledby="own-data">
      <h2 id="own-data">Your data</h2>
      <p class="soft">All that is kept of you, as one file: your profile, tasks, comments, notifications, orders, sessions and more.</p>
      <DataDownload id={id} label="Download my data" />
      <p class="soft">Erasing deletes your account and destroys all that is kept of you. Nobody can take that back.</p>
      <EraseButton id={id} label="Erase me…" question="Erase your account, and all that you wrote and uploaded here? Nobody can bring it back." />
    </section>
  );
}
