/** The form of a new comment. Files that are chosen with it are held until the comment is there, then sent to it. */
import { useRef, useState } from 'preact/hooks';
import { reason } from '../actions.ts';
import { ApiError, type Done, uuid } from '../api.ts';
import { useApp } from '../app.ts';
import { bytesInWords } from '../words.ts';
import { DropPlace, FileChoice, usePaste } from './choosing-files.tsx';
import { Field, FormTrouble, OnItsWay, useForm } from './field.tsx';
import { Sign } from './icons.tsx';

/** A file that waits for its comment. */
interface HeldFile {
  key: string;
  file: File;
}

export function CommentForm({ id }: { id: string }) {
  const { held, hold, drop, sendTo } = useHeldFiles();
  const { actions } = useApp();
  /** The comment that is there without its files, since nobody could say which it is. */
  const made = useRef<Done | null>(null);
  const area = useRef<HTMLDivElement>(null);
  const { form, submit, busy, trouble } = useForm(async (data) => {
    const text = String(data.get('text') ?? '').replaceAll('\r\n', '\n');
    if (text || !made.current || held.length === 0) {
      made.current = await actions.comment(id, text);
      form.current?.reset();
    }
    if (held.length > 0) await sendTo(made.current);
    made.current = null;
  });
  usePaste(hold, area);
  return (
    <div ref={area}>
      <DropPlace class="comment-place" name={`new-comment:${id}`} onFiles={hold}>
        <form ref={form} onSubmit={submit} noValidate class="comment-form">
          <Field name="text" label="Your comment" trouble={trouble} most={10_000}>
            {(control) => (
              <textarea
                {...control}
                rows={2}
                aria-keyshortcuts="Control+Enter"
                onKeyDown={(event) => {
                  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) form.current?.requestSubmit();
                }}
              />
            )}
          </Field>
          <HeldFiles held={held} onDrop={drop} />
          <FormTrouble trouble={trouble} />
          <OnItsWay busy={busy} />
          <div class="form-end">
            <FileChoice label="the new comment" onFiles={hold} />
            <button type="submit" class="primary" aria-disabled={busy}>
              {busy ? 'Sending…' : 'Comment'}
            </button>
          </div>
        </form>
      </DropPlace>
    </div>
  );
}

/** The files that are held. `sendTo` begins to send them to the comment that a command with this answer made; rejects with ApiError, and holds them still. */
function useHeldFiles() {
  const { actions, uploads } = useApp();
  const [held, setHeld] = useState<readonly HeldFile[]>([]);
  const latest = useRef(held);
  latest.current = held;
  return {
    held,
    hold: (files: readonly File[]) => setHeld((before) => [...before, ...files.map((file) => ({ key: uuid(), file }))]),
    drop: (key: string) => setHeld((before) => before.filter((one) => one.key !== key)),
    async sendTo(answer: Done) {
      const comment = await actions.commentOf(answer).catch((error) => {
        throw new ApiError(`Your comment is there, but not its files: press Comment to send them. ${reason(error)}`, 0);
      });
      if (!comment) throw new ApiError('Your comment is not to be found, so its files were not sent.', 404);
      const files = latest.current.map(({ file }) => file);
      setHeld([]);
      void uploads.add({ kind: 'comment', id: comment }, files, answer.position);
    },
  };
}

function HeldFiles({ held, onDrop }: { held: readonly HeldFile[]; onDrop: (key: string) => void }) {
  if (held.length === 0) return null;
  return (
    <ul class="file-list" aria-label="Files of the new comment" data-unsent>
      {held.map(({ key, file: { name, size } }) => (
        <li key={key}>
          <span class="file" data-held={name}>
            <Sign name="file" />
            <span class="file-name">{name}</span>
            <span class="file-size">{bytesInWords(size)}</span>
            <button type="button" class="quiet" aria-label={`Leave out ${name}`} onClick={() => onDrop(key)}>
              <Sign name="close" />
            </button>
          </span>
        </li>
      ))}
    </ul>
  );
}
