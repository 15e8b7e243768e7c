/** The dialog of the user’s own picture: it is chosen, changed and removed. */
import { useRef } from 'preact/hooks';
import { useApp, useApps } from '../app.ts';
import type { Me } from '../session.ts';
import { ACCEPTED_PICTURES } from './choosing-files.tsx';
import { Dialog, DialogHead } from './dialog.tsx';
import { UploadRow } from './files.tsx';
import { Person } from './person.tsx';

export function OwnPicture({ me, onClose }: { me: Me; onClose: () => void }) {
  const { uploads } = useApp();
  const input = useRef<HTMLInputElement>(null);
  const has = useApps((state) => state.files.avatars[me.id] !== undefined);
  const sending = useApps((state) => state.uploads).filter(({ of }) => of.kind === 'user' && of.id === me.id);
  const refused = useApps((state) => Object.values(state.files.byId).find(({ of, refusal }) => of.kind === 'user' && of.id === me.id && refusal));
  return (
    <Dialog label="Your picture" kind="box" onClose={onClose}>
      <DialogHead title="Your picture" />
      <div class="own-picture">
        <Person id={me.id} />
        <p>{has ? 'Everybody who is logged in sees it.' : 'You have none yet. Everybody who is logged in will see it.'}</p>
      </div>
      {sending.map((upload) => (
        <UploadRow key={upload.key} upload={upload} />
      ))}
      {refused && sending.length === 0 && (
        <p class="wrong" role="alert">
          “{refused.name}” was not taken. {refused.refusal?.detail}
        </p>
      )}
      <div class="form-end">
        {has && <Removal id={me.id} />}
        <input
          ref={input}
          type="file"
          class="unseen"
          tabIndex={-1}
          aria-label="Choose your picture"
          accept={ACCEPTED_PICTURES}
          onChange={(event) => {
            void uploads.add({ kind: 'user', id: me.id }, [...(event.currentTarget.files ?? [])]);
            event.currentTarget.value = '';
          }}
        />
        <button type="button" class="primary" onClick={() => input.current?.click()}>
          {has ? 'Choose another' : 'Choose a picture'}
        </button>
      </div>
    </Dialog>
  );
}

/** Removes all pictures that the user ever had: the one before would be the newest otherwise. */
function Removal({ id }: { id: string }) {
  const { api, files, store, actions } = useApp();
  const remove = async () => {
    const own = Object.values(store.get().files.byId).filter(({ of }) => of.kind === 'user' && of.id === id);
    const outcomes = await Promise.allSettled(
      own.map(async (file) => {
        const { position } = await api.command('DELETE', `/api/media/${file.id}`);
        await files.look(file.id, position);
      }),
    );
    const failed = outcomes.find((one) => one.status === 'rejected');
    if (failed) actions.note({ kind: 'trouble', text: `Your picture is still there. ${(failed.reason as Error).message}` });
  };
  return (
    <button type="button" class="danger" onClick={() => void remove()}>
      Remove your picture
    </button>
  );
}
