import type { TaskDetail } from '../../../contracts/task.ts';
import { useApp, useApps } from '../app.ts';
import { ago, fullTime } from '../words.ts';
import { Field, FormTrouble, OnItsWay, useForm } from './field.tsx';
import { FilesOf } from './files.tsx';
import { Person } from './person.tsx';

export function Comments({ task }: { task: TaskDetail }) {
  return (
    <section aria-label="Comments">
      {task.comments.length === 0 && <p class="nothing">Nobody has said anything yet.</p>}
      <ol class="comments" aria-live="polite">
        {task.comments.map((comment) => (
          <li key={comment.id}>
            <Comment {...comment} />
          </li>
        ))}
      </ol>
      <CommentForm id={task.id} />
    </section>
  );
}

function Comment({ id, author, text, time }: TaskDetail['comments'][number]) {
  const isMine = useApps((state) => state.me?.id === author);
  return (
    <article class={isMine ? 'comment comment-mine' : 'comment'}>
      <header>
        <Person id={author} named />
        <time dateTime={time} title={fullTime(time)}>
          {ago(time)}
        </time>
      </header>
      <FilesOf kind="comment" id={id} label={`Files of the comment of ${fullTime(time)}`}>
        <p>{text}</p>
      </FilesOf>
    </article>
  );
}

function CommentForm({ id }: { id: string }) {
  const { actions } = useApp();
  const { form, submit, busy, trouble } = useForm(async (data) => {
    await actions.comment(id, String(data.get('text') ?? '').replaceAll('\r\n', '\n'));
    form.current?.reset();
  });
  return (
    <form ref={form} onSubmit={submit} noValidate class="comment-form">
      <Field name="text" label="Your comment" trouble={trouble}>
        {(control) => (
          <textarea
            {...control}
            rows={2}
            maxLength={10_000}
            aria-keyshortcuts="Control+Enter"
            onKeyDown={(event) => {
              if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) form.current?.requestSubmit();
            }}
          />
        )}
      </Field>
      <FormTrouble trouble={trouble} />
      <OnItsWay busy={busy} />
      <div class="form-end">
        <button type="submit" class="primary" aria-disabled={busy}>
          {busy ? 'Sending…' : 'Comment'}
        </button>
      </div>
    </form>
  );
}
