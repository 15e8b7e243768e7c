import { useState } from 'preact/hooks';
import type { TaskDetail } from '../../../contracts/task.ts';
import { useApp } from '../app.ts';
import { watchHint, watchWord } from '../words.ts';
import { OnItsWay } from './field.tsx';
import { Sign } from './icons.tsx';

/** The button by which the user watches a task, or watches it no more: its name is what it would do. It changes when the server has answered, and not before. */
export function WatchButton({ task: { id, watching, watchers } }: { task: TaskDetail }) {
  const { actions } = useApp();
  const [busy, setBusy] = useState(false);
  const press = async () => {
    if (busy) return;
    setBusy(true);
    await actions.watch(id, !watching);
    setBusy(false);
  };
  return (
    <>
      <button type="button" title={watchHint(watchers)} aria-disabled={busy} onClick={() => void press()}>
        <Sign name={watching ? 'eyeClosed' : 'eye'} />
        {watchWord(watching)}{' '}
        <span class="tab-count" aria-hidden="true">
          {watchers}
        </span>
      </button>
      <OnItsWay busy={busy} />
    </>
  );
}
