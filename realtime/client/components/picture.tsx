/** A picture of the server's, at an address that is asked for when it is shown. */
import { useEffect, useState } from 'preact/hooks';
import type { PictureSize } from '../../../contracts/media.ts';
import { useApp, useApps } from '../app.ts';

interface PictureProps {
  id: string;
  size: PictureSize;
  /** The words for it; empty where the words beside it say the same. */
  alt: string;
  class: string;
}

export function Picture({ id, size, alt, class: name }: PictureProps) {
  const { files } = useApp();
  const [url, setUrl] = useState('');
  const [failed, setFailed] = useState(0);
  // One that waits for a scanner has no address: it is asked for again when something has happened to the file.
  const waitsAt = useApps((state) => (url ? null : state.files.byId[id]?.revision));
  useEffect(() => {
    let is = true;
    files.url(id, size, { anew: failed > 0 }).then(
      (found) => is && setUrl(found),
      () => undefined,
    );
    return () => {
      is = false;
    };
  }, [id, size, failed, waitsAt]);
  // An address that has ended is asked for anew, once.
  if (!url) return <span class={`${name} picture-waits`} aria-hidden={alt === ''} />;
  return <img class={name} src={url} alt={alt} loading="lazy" decoding="async" draggable={false} onError={() => failed === 0 && setFailed(1)} />;
}
