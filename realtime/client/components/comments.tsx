import type { TaskDetail } from '../../../contracts/task.ts';
import { useApps } from '../app.ts';
import { ago, fullTime } from '../words.ts';
import { CommentForm } from './comment-form.tsx';
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
      <FilesOf kind="comment" id={id} label={`Files of the comment of ${fullTime(time)}`} adds={isMine}>
        <p>{text}</p>
      </FilesOf>
    </article>
  );
}
