/** Notes: messages that are shown for a while, in a corner. */
import { useEffect, useState } from 'preact/hooks';
import { useApp, useApps } from '../app.ts';
import type { Note as NoteState } from '../store.ts';
import { Sign } from './icons.tsx';

/** Milliseconds for which a note stays, by its kind; longer while the pointer or the focus is on it. */
const STAY = { done: 8_000, trouble: 14_000 };

export function Notes() {
  const notes = useApps((state) => state.notes);
  return (
    <section class="notes" aria-label="Messages" aria-live="polite">
      {notes.map((note) => (
        <Note key={note.id} note={note} />
      ))}
    </section>
  );
}

function Note({ note }: { note: NoteState }) {
  const { actions } = useApp();
  const [held, setHeld] = useState(false);
  const { id, kind, text, action } = note;
  useEffect(() => {
    if (held) return;
    const timer = setTimeout(() => actions.dismiss(id), STAY[kind]);
    return () => clearTimeout(timer);
  }, [held, id, kind, actions]);
  const hold = () => setHeld(true);
  const release = () => setHeld(false);
  return (
    <div class={`note note-${kind}`} onPointerEnter={hold} onPointerLeave={release} onFocusCapture={hold} onBlurCapture={release}>
      <p>{text}</p>
      {action && (
        <button
          type="button"
          class="note-action"
          onClick={() => {
            action.run();
            actions.dismiss(id);
          }}
        >
          {action.label}
        </button>
      )}
      <button type="button" class="quiet" aria-label="Dismiss" onClick={() => actions.dismiss(id)}>
        <Sign name="close" />
      </button>
    </div>
  );
}
