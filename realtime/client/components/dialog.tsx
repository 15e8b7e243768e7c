/** A dialog over the page: the browser keeps the focus in it and gives it back; Esc and a click beside it close it. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { useApps } from '../app.ts';
import { Notes } from './notes.tsx';

interface DialogProps {
  label: string;
  kind: 'sheet' | 'box';
  onClose: () => void;
  children: ComponentChildren;
}

export function Dialog({ label, kind, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement?.closest<HTMLElement>('[data-card]')?.dataset.card;
    dialog.current?.showModal();
    return () => {
      // The card may have been drawn anew elsewhere meanwhile.
      if (before) document.querySelector<HTMLElement>(`[data-card="${before}"]`)?.focus();
    };
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Esc is the key for it, and the browser's own
    <dialog
      ref={dialog}
      class={`dialog dialog-${kind}`}
      aria-label={label}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClose={onClose}
      onClick={(event) => {
        if (event.target === event.currentTarget && !isWritten(event.currentTarget)) onClose();
      }}
    >
      <div class="dialog-inside">{children}</div>
      <Heard />
    </dialog>
  );
}

/** While a dialog is open nothing else can be heard or reached: messages come here. */
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

/** True where something was typed in it that a stray click must not lose. */
function isWritten(dialog: HTMLElement): boolean {
  const controls = [...dialog.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>('input:not([type=hidden], [type=checkbox]), textarea')];
  return controls.some(({ value, defaultValue }) => value !== defaultValue);
}
