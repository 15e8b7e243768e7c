/** Shows the viewer over its task once the picture is known; its code is loaded then. */
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { useApp, useApps } from '../app.ts';

export function Viewing({ task, id }: { task: string; id: string }) {
  const { actions, navigation } = useApp();
  const isKnown = useApps((state) => state.files.byId[id] !== undefined);
  const [wasKnown, setKnown] = useState(false);
  const [Viewer, setViewer] = useState<ComponentType<{ task: string; id: string }> | null>(null);
  useEffect(() => {
    if (isKnown) setKnown(true);
  }, [isKnown]);
  useEffect(() => {
    if (!wasKnown || Viewer) return;
    import('./viewer.tsx').then(
      (loaded) => setViewer(() => loaded.Viewer),
      () => {
        navigation.leave(`/tasks/${task}`);
        actions.note({ kind: 'trouble', text: 'The viewer could not be loaded. Is the network there?' });
      },
    );
  }, [wasKnown, Viewer]);
  return wasKnown && Viewer ? <Viewer task={task} id={id} /> : null;
}
