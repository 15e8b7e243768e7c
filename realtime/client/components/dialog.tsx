/** A dialog over the page: the browser keeps the focus in it and gives it back; Esc and a click beside it close it. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

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
        if (event.target === dialog.current) onClose();
      }}
    >
      <div class="dialog-inside">{children}</div>
    </dialog>
  );
}
