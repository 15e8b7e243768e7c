/** The files of a task, a comment or a profile: shown, opened, deleted, and on their way. */
import type { ComponentChildren } from 'preact';
import type { MediaView } from '../../../contracts/media.ts';
import { useApp, useApps } from '../app.ts';
import { isShownPicture } from '../files.ts';
import { isAdmin, mayChange } from '../rights.ts';
import type { Upload } from '../uploads.ts';
import { bytesInWords } from '../words.ts';
import { DropPlace, FileChoice } from './choosing-files.tsx';
import { Sign } from './icons.tsx';
import { Picture } from './picture.tsx';

const isOn = (of: Upload['of']) => (one: { of: Upload['of'] }) => one.of.kind === of.kind && one.of.id === of.id;

interface FilesOfProps {
  kind: Upload['of']['kind'];
  id: string;
  label: string;
  /** True where the user adds files here; others see them. */
  adds: boolean;
  /** What stands above the files, where some can be dropped, too. */
  children?: ComponentChildren;
}

/** The files on a thing, with the button that adds some. */
export function FilesOf({ kind, id, label, adds, children }: FilesOfProps) {
  const { uploads } = useApp();
  const add = (chosen: readonly File[]) => void uploads.add({ kind, id }, chosen);
  const inside = (
    <>
      {children}
      <FileList of={{ kind, id }} label={label} />
      {adds && <FileChoice label={label} onFiles={add} />}
    </>
  );
  if (!adds) return <div class="files">{inside}</div>;
  return (
    <DropPlace class="files" name={`${kind}:${id}`} onFiles={add}>
      {inside}
    </DropPlace>
  );
}

/** The files on a thing, and those on their way to it; nothing where there are none. */
export function FileList({ of, label }: { of: Upload['of']; label: string }) {
  const all = useApps((state) => state.files.byId);
  const sending = useApps((state) => state.uploads).filter(isOn(of));
  const files = Object.values(all)
    .filter(isOn(of))
    .toSorted((one, other) => (one.createdAt < other.createdAt ? -1 : 1));
  if (files.length === 0 && sending.length === 0) return null;
  return (
    <ul class="file-list" aria-label={label}>
      {files.map((file) => (
        <li key={file.id}>{isShownPicture(file) ? <Thumbnail file={file} /> : <PlainFile file={file} />}</li>
      ))}
      {sending.map((upload) => (
        <li key={upload.key}>
          <UploadRow upload={upload} />
        </li>
      ))}
    </ul>
  );
}

function Thumbnail({ file }: { file: MediaView }) {
  const { navigation } = useApp();
  const task = useApps((state) => state.open?.id);
  return (
    <span class="file file-picture">
      <button type="button" class="thumbnail" aria-label={`Show ${file.name}`} onClick={() => navigation.go(`/tasks/${task}/files/${file.id}`)}>
        <Picture id={file.id} size="320" alt="" class="thumbnail-picture" />
      </button>
      <Removal file={file} />
    </span>
  );
}

/** The types that browsers open in a viewer or a player of their own; everything else is saved. */
const OPENED = /^(application\/pdf|(audio|video)\/)/;

/** A new tab for an address that is asked for yet: browsers open one during a click alone. null where they open none. */
function blankTab(): Window | null {
  const tab = window.open('', '_blank');
  if (tab) tab.opener = null;
  return tab;
}

function PlainFile({ file }: { file: MediaView }) {
  const { files, actions } = useApp();
  const open = () => {
    const tab = OPENED.test(file.type) ? blankTab() : null;
    files.url(file.id, 'original', { save: tab === null }).then(
      (url) => (tab?.location ?? location).assign(url),
      () => {
        tab?.close();
        actions.note({ kind: 'trouble', text: `“${file.name}” cannot be fetched right now.` });
      },
    );
  };
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

/** The button that deletes a file; nothing for who may not: of others' files, who may not change the task that they are on. */
function Removal({ file }: { file: MediaView }) {
  const { api, files, actions } = useApp();
  const task = useApps((state) => state.open?.detail);
  const isMine = useApps((state) => file.maker === state.me?.id || isAdmin(state) || (task != null && mayChange(state, task)));
  const remove = () =>
    api.command('DELETE', `/api/media/${file.id}`).then(
      ({ position }) => files.look(file.id, position),
      (error: Error) => actions.note({ kind: 'trouble', text: `“${file.name}” is still there. ${error.message}` }),
    );
  if (!isMine) return null;
  return (
    <button type="button" class="quiet file-removal" aria-label={`Delete ${file.name}`} title={`Delete ${file.name}`} onClick={remove}>
      <Sign name="bin" />
    </button>
  );
}

/** A file on its way, how far it is, or why it failed. */
export function UploadRow({ upload: { key, name, sent, trouble } }: { upload: Upload }) {
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
