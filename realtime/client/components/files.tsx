/** The files of a task or a comment: shown, and taken by drop, paste or choice. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { MediaView } from '../../../contracts/media.ts';
import { useApp, useApps } from '../app.ts';
import { isShownPicture } from '../files.ts';
import type { Upload } from '../uploads.ts';
import { bytesInWords } from '../words.ts';
import { Sign } from './icons.tsx';
import { Picture } from './picture.tsx';

/** What the page offers to choose from. Without HEIC in it, phones send their pictures as JPEG. */
export const ACCEPTED =
  'image/jpeg,image/png,image/webp,image/gif,application/pdf,text/plain,text/csv,.md,.docx,.xlsx,.pptx,.odt,.ods,.odp,audio/*,video/*';

const isOn = (of: Upload['of']) => (one: { of: Upload['of'] }) => one.of.kind === of.kind && one.of.id === of.id;

/** The files on a thing, with the button that adds some. `children`: where files can be dropped, too. */
export function FilesOf({ kind, id, label, children }: Upload['of'] & { label: string; children?: ComponentChildren }) {
  const { uploads } = useApp();
  const all = useApps((state) => state.files.byId);
  const sending = useApps((state) => state.uploads).filter(isOn({ kind, id }));
  const [over, setOver] = useState(false);
  const files = Object.values(all)
    .filter(isOn({ kind, id }))
    .toSorted((one, other) => (one.createdAt < other.createdAt ? -1 : 1));
  const add = (chosen: Iterable<File>) => void uploads.add({ kind, id }, [...chosen]);
  usePaste(kind === 'task', add);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is one of three ways, and the button is for those without a mouse
    <div
      class={over ? 'files files-over' : 'files'}
      data-files={`${kind}:${id}`}
      onDragOver={(event) => {
        if (!event.dataTransfer?.types.includes('Files')) return;
        event.preventDefault();
        event.stopPropagation();
        setOver(true);
      }}
      onDragLeave={(event) => !event.currentTarget.contains(event.relatedTarget as Node | null) && setOver(false)}
      onDrop={(event) => {
        setOver(false);
        if (!event.dataTransfer?.files.length) return;
        event.preventDefault();
        event.stopPropagation();
        add(event.dataTransfer.files);
      }}
    >
      {children}
      {(files.length > 0 || sending.length > 0) && (
        <ul class="file-list" aria-label={label}>
          {files.map((file) => (
            <li key={file.id}>{isShownPicture(file) ? <Thumbnail file={file} /> : <PlainFile file={file} />}</li>
          ))}
          {sending.map((upload) => (
            <li key={upload.key}>
              <Sending upload={upload} />
            </li>
          ))}
        </ul>
      )}
      <Choice label={label} onFiles={add} />
    </div>
  );
}

/** Takes pasted files while the thing is shown. */
function usePaste(on: boolean, add: (files: Iterable<File>) => void): void {
  const latest = useRef(add);
  latest.current = add;
  useEffect(() => {
    if (!on) return undefined;
    const paste = (event: ClipboardEvent) => {
      if (!event.clipboardData?.files.length) return;
      event.preventDefault();
      latest.current(event.clipboardData.files);
    };
    document.addEventListener('paste', paste);
    return () => document.removeEventListener('paste', paste);
  }, [on]);
}

function Choice({ label, onFiles }: { label: string; onFiles: (files: Iterable<File>) => void }) {
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
          // The same file can be chosen again, and the dialog has no text that would be lost.
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

function Thumbnail({ file }: { file: MediaView }) {
  const { store } = useApp();
  return (
    <span class="file file-picture">
      <button type="button" class="thumbnail" aria-label={`Show ${file.name}`} onClick={() => store.set({ viewing: file.id })}>
        <Picture id={file.id} size="320" alt="" class="thumbnail-picture" />
      </button>
      <Removal file={file} />
    </span>
  );
}

function PlainFile({ file }: { file: MediaView }) {
  const { files, actions } = useApp();
  const open = () =>
    files.url(file.id, 'original', { save: true }).then(
      (url) => location.assign(url),
      () => actions.note({ kind: 'trouble', text: `“${file.name}” cannot be fetched right now.` }),
    );
  const waits = file.status === 'pending';
  return (
    <span class="file">
      <Sign name="file" />
      <button type="button" class="file-name" disabled={waits || file.status === 'refused'} onClick={open} title={file.name}>
        {file.name}
      </button>
      <span class="file-size">{file.refusal?.detail ?? (waits ? 'is looked at…' : bytesInWords(file.bytes))}</span>
      <Removal file={file} />
    </span>
  );
}

function Removal({ file }: { file: MediaView }) {
  const { api, files, actions } = useApp();
  const remove = () =>
    api.command('DELETE', `/api/media/${file.id}`).then(
      ({ position }) => files.look(file.id, position),
      (error: Error) => actions.note({ kind: 'trouble', text: `“${file.name}” is still there. ${error.message}` }),
    );
  return (
    <button type="button" class="quiet file-removal" aria-label={`Delete ${file.name}`} title={`Delete ${file.name}`} onClick={remove}>
      <Sign name="bin" />
    </button>
  );
}

function Sending({ upload: { key, name, sent, trouble } }: { upload: Upload }) {
  const { uploads } = useApp();
  return (
    <span class="file" data-upload={name}>
      <Sign name="file" />
      <span class="file-name">{name}</span>
      {trouble === null ? (
        <progress aria-label={`Sending ${name}`} max={1} value={sent} />
      ) : (
        <>
          <span class="wrong">{trouble}</span>
          <button type="button" class="quiet" aria-label={`Send ${name} again`} onClick={() => uploads.retry(key)}>
            Again
          </button>
        </>
      )}
      <button type="button" class="quiet" aria-label={`Cancel ${name}`} onClick={() => uploads.cancel(key)}>
        <Sign name="close" />
      </button>
    </span>
  );
}
