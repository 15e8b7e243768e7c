/** The fields of a task, for a new one and for changing one. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { PRIORITIES, type Priority } from '../../../contracts/task.ts';
import type { TaskFields } from '../actions.ts';
import { useApps } from '../app.ts';
import { labelsOf } from '../board-view.ts';
import { allTasks } from '../selected.ts';
import { fromInput, toInput } from '../words.ts';
import { type ControlProps, Field, type Trouble } from './field.tsx';
import { Sign } from './icons.tsx';

export const noFields: TaskFields = { title: '', description: '', deadline: null, priority: 'normal', labels: [] };

/** The fields of a task from the data of its form. */
export function fieldsOf(data: FormData): TaskFields {
  const text = (name: string) => String(data.get(name) ?? '');
  return {
    title: text('title').trim(),
    description: text('description').replaceAll('\r\n', '\n'),
    deadline: fromInput(text('deadline')),
    priority: text('priority') as Priority,
    labels: data.getAll('labels').map(String),
  };
}

export function TaskFieldsForm({ task, trouble }: { task: TaskFields; trouble: Trouble }) {
  const title = useRef<HTMLInputElement>(null);
  useEffect(() => title.current?.focus(), []);
  return (
    <>
      <Field name="title" label="Title" trouble={trouble} most={200}>
        {(control) => <input {...control} ref={title} data-first type="text" defaultValue={task.title} autocomplete="off" class="title-input" />}
      </Field>
      <Field name="description" label="Description" trouble={trouble} most={10_000}>
        {(control) => <textarea {...control} rows={5} defaultValue={task.description} />}
      </Field>
      <div class="two">
        <Field name="deadline" label="Deadline" trouble={trouble}>
          {(control) => <input {...control} type="datetime-local" defaultValue={toInput(task.deadline)} />}
        </Field>
        <Field name="priority" label="Priority" trouble={trouble}>
          {(control) => (
            <select {...control}>
              {PRIORITIES.map((priority) => (
                <option key={priority} value={priority} selected={priority === task.priority}>
                  {priority}
                </option>
              ))}
            </select>
          )}
        </Field>
      </div>
      <Field name="labels" label="Labels" trouble={trouble} hint="Enter or a comma adds one.">
        {(control) => <LabelsInput control={control} labels={task.labels} />}
      </Field>
    </>
  );
}

function LabelsInput({ control, labels: before }: { control: ControlProps; labels: readonly string[] }) {
  const [labels, setLabels] = useState(before);
  const [text, setText] = useState('');
  const input = useRef<HTMLInputElement>(null);
  // Who follows what is typed hears of labels that are added and removed, too.
  useEffect(() => void input.current?.dispatchEvent(new Event('input', { bubbles: true })), [labels]);
  const known = labelsOf(useApps(allTasks));
  const { name, ...rest } = control;

  function add(): void {
    const more = text.split(',').map((one) => one.trim());
    setLabels([...new Set([...labels, ...more.filter(Boolean)])]);
    setText('');
  }

  return (
    <div class="labels-input">
      {labels.map((label) => (
        <span class="label" key={label}>
          {label}
          <button type="button" aria-label={`Remove the label ${label}`} onClick={() => setLabels(labels.filter((one) => one !== label))}>
            <Sign name="close" />
          </button>
          <input type="hidden" name={name} value={label} />
        </span>
      ))}
      <input
        {...rest}
        ref={input}
        type="text"
        value={text}
        list="known-labels"
        autocomplete="off"
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Backspace' && text === '') setLabels(labels.slice(0, -1));
          if ((event.key !== 'Enter' && event.key !== ',') || text.trim() === '') return;
          event.preventDefault();
          add();
        }}
        onBlur={add}
      />
      <datalist id="known-labels">
        {known.map((label) => (
          <option key={label} value={label} />
        ))}
      </datalist>
    </div>
  );
}
