/** A dialog over the page. The browser keeps the focus in it. Esc and a click beside it close it, but ask before typed text is lost. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { useApp, useApps } from '../app.ts';
import { focusCard } from '../keys.ts';
import { Sign } from './icons.tsx';
import { Notes } from './notes.tsx';

interface DialogProps {
  label: string;
  kind: 'sheet' | 'box';
  onClose: () => void;
  /** True for the paths at which the text that is typed here stays; default: none. */
  stays?: (path: string) => boolean;
  children: ComponentChildren;
}

export function Dialog({ label, kind, onClose, stays = nowhere, children }: DialogProps) {
  const { navigation } = useApp();
  const dialog = useRef<HTMLDialogElement>(null);
  /** What happens where the text may be lost; null while nothing is asked. */
  const [asked, setAsked] = useState<{ goOn: () => void } | null>(null);
  const leave = () => (dialog.current && isWritten(dialog.current) ? setAsked({ goOn: onClose }) : onClose());
  const keep = () => {
    setAsked(null);
    focusFirst(dialog.current);
  };
  const staysAt = useRef(stays);
  staysAt.current = stays;
  useEffect(
    () =>
      navigation.guard({
        loses: (path) => dialog.current !== null && isWritten(dialog.current) && !staysAt.current(path),
        ask: (goOn) => setAsked({ goOn }),
      }),
    [navigation],
  );
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    const card = before?.closest<HTMLElement>('[data-card]')?.dataset.card;
    dialog.current?.showModal();
    focusFirst(dialog.current);
    return () => {
      // The card may have been drawn anew elsewhere meanwhile, and can have the focus only after this dialog is gone.
      if (card) focusCard(card);
      else before?.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      tabIndex={-1}
      class={`dialog dialog-${kind}`}
      aria-label={label}
      onCancel={(event) => {
        event.preventDefault();
        leave();
      }}
      onKeyDown={(event) => {
        // Handled here, because the browser's own second Esc closes without asking.
        if (event.key !== 'Escape') return;
        event.preventDefault();
        if (asked) keep();
        else leave();
      }}
      onClose={onClose}
      onClick={(event) => {
        if (event.target === event.currentTarget) leave();
      }}
    >
      {asked && <Question onDiscard={asked.goOn} onGoOn={keep} />}
      <div class="dialog-inside">{children}</div>
      <Heard />
    </dialog>
  );
}

const nowhere = () => false;

/** Focuses the field to type in first, else the dialog itself, whose content may be drawn anew without losing the focus. */
function focusFirst(dialog: HTMLElement | null): void {
  (dialog?.querySelector<HTMLElement>('[data-first]') ?? dialog)?.focus();
}

function Question({ onDiscard, onGoOn }: { onDiscard: () => void; onGoOn: () => void }) {
  const keep = useRef<HTMLButtonElement>(null);
  useEffect(() => keep.current?.focus(), []);
  return (
    <div class="question" role="alert">
      <p>Discard what you wrote?</p>
      <button type="button" class="danger" onClick={onDiscard}>
        Discard
      </button>
      <button type="button" ref={keep} onClick={onGoOn}>
        Keep writing
      </button>
    </div>
  );
}

/** The head of a dialog: its title, and the way out. */
export function DialogHead({ title }: { title: string }) {
  return (
    <header class="dialog-head">
      <h2>{title}</h2>
      <CloseButton />
    </header>
  );
}

/** A button that closes the dialog as Esc does. */
function CloseButton() {
  return (
    <button
      type="button"
      class="quiet"
      aria-label="Close"
      title="Close (Esc)"
      onClick={(event) => event.currentTarget.closest('dialog')?.dispatchEvent(new Event('cancel', { cancelable: true }))}
    >
      <Sign name="close" />
    </button>
  );
}

/** The announcements for screen readers, which cannot reach the rest of the page while a dialog is open. */
function Heard() {
  const said = useApps((state) => state.said);
  return (
    <>
      <Notes />
      <p class="unseen" aria-live="polite">
        {said}
      </p>
    </>
  );
}

/** True where the dialog has typed text, or files that wait to be sent, which a stray click must not lose. */
function isWritten(dialog: HTMLElement): boolean {
  const controls = [...dialog.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>('input:not([type=hidden], [type=checkbox]), textarea')];
  return dialog.querySelector('[data-unsent]') !== null || controls.some(({ value, defaultValue }) => value !== defaultValue);
}
