/** The viewer of pictures: arrows go on, + and - and two fingers zoom, Esc closes. It is loaded when the first picture is opened. */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { MediaView, PictureSize } from '../../../contracts/media.ts';
import { useApp, useApps } from '../app.ts';
import { isShownPicture } from '../files.ts';
import { Sign } from './icons.tsx';
import { Picture } from './picture.tsx';

const LARGEST = 8;
const STEP = 1.5;

/** The pictures of the same task or comment, in their order. */
function beside(all: Readonly<Record<string, MediaView>>, id: string): MediaView[] {
  const of = all[id]?.of;
  const those = Object.values(all).filter((one) => isShownPicture(one) && one.of.kind === of?.kind && one.of.id === of?.id);
  return those.toSorted((one, other) => (one.createdAt < other.createdAt ? -1 : 1));
}

/** The size that is shown: a screen full, or the largest that is made by now. */
function largestMade({ sizes }: MediaView): PictureSize {
  const isMade = (...any: PictureSize[]) => sizes.some(({ size }) => any.includes(size));
  if (isMade('2048', 'full')) return '2048';
  return isMade('1024') ? '1024' : '320';
}

export function Viewer({ task, id }: { task: string; id: string }) {
  const { navigation } = useApp();
  const all = useApps((state) => state.files.byId);
  const dialog = useRef<HTMLDialogElement>(null);
  const [zoom, setZoom] = useState(1);
  const pictures = beside(all, id);
  const at = pictures.findIndex((one) => one.id === id);
  const picture = pictures[at];
  const close = () => navigation.leave(`/tasks/${task}`);
  const go = (by: number) => {
    const next = pictures[at + by];
    if (next) navigation.go(`/tasks/${task}/files/${next.id}`, { replace: true });
    setZoom(1);
  };
  const scale = (by: number) => setZoom((now) => Math.min(Math.max(now * by, 1), LARGEST));
  const pinch = usePinch(scale);
  useLayoutEffect(() => {
    const it = dialog.current;
    it?.showModal();
    // Closed before it is taken away, because only then the browser gives the focus back to what had it.
    return () => it?.close();
  }, []);
  useEffect(() => {
    if (!picture) close();
  }, [picture]);
  const keys: Record<string, () => void> = {
    ArrowLeft: () => go(-1),
    ArrowRight: () => go(1),
    '+': () => scale(STEP),
    '=': () => scale(STEP),
    '-': () => scale(1 / STEP),
    '0': () => setZoom(1),
    Escape: close,
  };
  return (
    <dialog
      ref={dialog}
      class="viewer"
      aria-label={picture?.name ?? 'Picture'}
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
      onKeyDown={(event) => {
        const act = keys[event.key];
        if (!act) return;
        event.preventDefault();
        event.stopPropagation();
        act();
      }}
    >
      <p class="viewer-head">
        <span>
          {picture?.name} <span class="viewer-count">{`${at + 1} of ${pictures.length}`}</span>
        </span>
        <button type="button" aria-label="Smaller" disabled={zoom === 1} onClick={() => scale(1 / STEP)}>
          −
        </button>
        <button type="button" aria-label="Larger" disabled={zoom === LARGEST} onClick={() => scale(STEP)}>
          +
        </button>
        <button type="button" aria-label="Close" onClick={close}>
          <Sign name="close" />
        </button>
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a picture larger than the screen is moved by keys */}
      <div class="viewer-ground" tabIndex={0} style={{ '--zoom': zoom }} data-zoom={zoom} {...pinch}>
        {picture && <Picture key={picture.id} id={picture.id} size={largestMade(picture)} alt={picture.name} class="viewer-picture" />}
      </div>
      <p class="viewer-foot">
        <button type="button" disabled={at <= 0} onClick={() => go(-1)}>
          Previous
        </button>
        <button type="button" disabled={at >= pictures.length - 1} onClick={() => go(1)}>
          Next
        </button>
      </p>
    </dialog>
  );
}

/** Zooms by how far two fingers are apart. */
function usePinch(scale: (by: number) => void) {
  const fingers = useRef(new Map<number, PointerEvent>());
  const apart = () => {
    const [one, other] = [...fingers.current.values()];
    return one && other ? Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY) : 0;
  };
  const lift = (event: PointerEvent) => void fingers.current.delete(event.pointerId);
  return {
    onPointerDown: (event: PointerEvent) => void fingers.current.set(event.pointerId, event),
    onPointerMove: (event: PointerEvent) => {
      if (!fingers.current.has(event.pointerId)) return;
      const before = apart();
      fingers.current.set(event.pointerId, event);
      const now = apart();
      if (before > 0 && now > 0) scale(now / before);
    },
    onPointerUp: lift,
    onPointerCancel: lift,
  };
}
