/** Shows the viewer where a picture is opened; its code is loaded then. */
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { useApp, useApps } from '../app.ts';

export function Viewing() {
  const { store, actions } = useApp();
  const id = useApps((state) => state.viewing);
  const [Viewer, setViewer] = useState<ComponentType<{ id: string }> | null>(null);
  const wanted = id !== null;
  useEffect(() => {
    if (!wanted || Viewer) return;
    import('./viewer.tsx').then(
      (loaded) => setViewer(() => loaded.Viewer),
      () => {
        store.set({ viewing: null });
        actions.note({ kind: 'trouble', text: 'The viewer could not be loaded. Is the network there?' });
      },
    );
  }, [wanted, Viewer]);
  return id && Viewer ? <Viewer id={id} /> : null;
}
