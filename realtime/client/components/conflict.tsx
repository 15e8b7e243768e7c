/** What others changed in a task while the user was writing, beside what the user wrote: whose is kept is theirs to decide. */
import { useEffect, useState } from 'preact/hooks';
import type { TaskDetail } from '../../../contracts/task.ts';
import type { TaskFields } from '../actions.ts';
import { differing } from '../edited.ts';
import { fullTime } from '../words.ts';
import { fieldsOf } from './task-form.tsx';

interface ConflictProps {
  /** The task as the user saw it when they began to write, and as it is. */
  seen: TaskDetail;
  now: TaskDetail;
  form: { current: HTMLFormElement | null };
  /** Called where the user takes what the others made of it, and gives up what they wrote. */
  onTheirs: () => void;
}

export function Conflict({ seen, now, form, onTheirs }: ConflictProps) {
  const [, lookAgain] = useState(0);
  useEffect(() => {
    const { current } = form;
    const look = () => lookAgain((times) => times + 1);
    current?.addEventListener('input', look);
    return () => current?.removeEventListener('input', look);
  }, [form]);
  const mine = form.current ? differing(fieldsOf(new FormData(form.current)), seen) : {};
  const theirs = Object.keys(differing(fieldsIn(now), seen)) as (keyof TaskFields)[];
  return (
    <section class="conflict" aria-label="What others changed meanwhile">
      <dl>
        {theirs.map((name) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <span class="soft">Now:</span> {told(now[name], name)}
            </dd>
            <dd>
              <span class="soft">Yours:</span> {name in mine ? told(mine[name], name) : 'you left it as it was, and it stays as it is now.'}
            </dd>
          </div>
        ))}
      </dl>
      <button type="button" class="link" onClick={onTheirs}>
        Take theirs, and discard what I wrote
      </button>
    </section>
  );
}

const fieldsIn = ({ title, description, deadline, priority, labels }: TaskFields): TaskFields => ({ title, description, deadline, priority, labels });

function told(value: TaskFields[keyof TaskFields] | undefined, name: keyof TaskFields): string {
  if (Array.isArray(value)) return value.join(', ') || 'none';
  if (!value) return 'none';
  return name === 'deadline' ? fullTime(value) : value;
}
