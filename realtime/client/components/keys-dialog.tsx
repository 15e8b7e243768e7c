import { useApp, useApps } from '../app.ts';
import { KEYS } from '../keys.ts';
import { Dialog, DialogHead } from './dialog.tsx';

export function KeysDialog() {
  const { store, navigation } = useApp();
  const singleKeys = useApps((state) => state.singleKeys);
  const close = () => navigation.leave('/');
  return (
    <Dialog label="Keyboard shortcuts" kind="box" onClose={close}>
      <DialogHead title="Keyboard shortcuts" />
      <dl class="keys">
        {KEYS.map(({ keys, does }) => (
          <div key={does}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <label class="check">
        <input type="checkbox" checked={singleKeys} onChange={(event) => store.set({ singleKeys: event.currentTarget.checked })} />
        Single letters and digits do something
      </label>
    </Dialog>
  );
}
