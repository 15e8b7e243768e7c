/** The three ways in which files come to the page: dropped on a place, pasted, chosen by a button. */
import type { ComponentChildren, RefObject } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Sign } from './icons.tsx';

/** What the page offers to choose from. Without HEIC in it, phones send their pictures as JPEG. */
const ACCEPTED = 'image/jpeg,image/png,image/webp,image/gif,application/pdf,text/plain,text/csv,.md,.docx,.xlsx,.pptx,.odt,.ods,.odp,audio/*,video/*';
/** The pictures among them. */
export const ACCEPTED_PICTURES = 'image/jpeg,image/png,image/webp,image/gif';

export type TakeFiles = (files: readonly File[]) => void;

interface DropPlaceProps {
  onFiles: TakeFiles;
  class: string;
  /** The name of the place in the page. */
  name: string;
  children: ComponentChildren;
}

/** A place on which files can be dropped. Places may stand in one another: the innermost takes them. */
export function DropPlace({ onFiles, class: name, name: place, children }: DropPlaceProps) {
  const [over, setOver] = useState(false);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is one of three ways, and the button is for those without a mouse
    <div
      class={over ? `${name} files-over` : name}
      data-files={place}
      onDragOver={(event) => {
        if (!event.dataTransfer?.types.includes('Files')) return;
        event.preventDefault();
        event.stopPropagation();
        event.dataTransfer.dropEffect = 'copy';
        setOver(true);
      }}
      onDragLeave={(event) => !event.currentTarget.contains(event.relatedTarget as Node | null) && setOver(false)}
      onDrop={(event) => {
        setOver(false);
        if (!event.dataTransfer?.files.length) return;
        event.preventDefault();
        event.stopPropagation();
        onFiles([...event.dataTransfer.files]);
      }}
    >
      {children}
    </div>
  );
}

/** The files of a paste; none where it has text for a field, as of a table that a program gives as a picture, too. */
export function pastedFiles({ clipboardData, target }: ClipboardEvent): File[] {
  const types = clipboardData?.types ?? [];
  const isTyping = target instanceof HTMLTextAreaElement || target instanceof HTMLInputElement;
  return isTyping && types.includes('text/plain') ? [] : [...(clipboardData?.files ?? [])];
}

/** Takes what is pasted into an element, or anywhere on the page while this is shown. */
export function usePaste(take: TakeFiles, into?: RefObject<HTMLElement | null>): void {
  const latest = useRef(take);
  latest.current = take;
  useEffect(() => {
    const place = into?.current ?? document;
    const paste = (event: Event) => {
      const files = pastedFiles(event as ClipboardEvent);
      if (files.length === 0) return;
      event.preventDefault();
      event.stopPropagation();
      latest.current(files);
    };
    place.addEventListener('paste', paste);
    return () => place.removeEventListener('paste', paste);
  }, [into]);
}

/** The button by which files are chosen. `label`: what they are added to. */
export function FileChoice({ label, onFiles }: { label: string; onFiles: TakeFiles }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <input
        ref={input}
        type="file"
        class="unseen"
        multiple
        tabIndex={-1}
        accept={ACCEPTED}
        aria-label={`Choose files: ${label}`}
        onChange={(event) => {
          onFiles([...(event.currentTarget.files ?? [])]);
          // The same file can be chosen again.
          event.currentTarget.value = '';
        }}
      />
      <button type="button" class="quiet file-add" onClick={() => input.current?.click()}>
        <Sign name="plus" />
        Add files<span class="unseen"> to: {label}</span>
      </button>
    </>
  );
}
