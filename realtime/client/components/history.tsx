import { useApps, useNames } from '../app.ts';
import { ago, fullTime, toldOfTask } from '../words.ts';

/** The history of the open task, the last event first. */
export function History() {
  const history = useApps((state) => state.open?.history) ?? [];
  const nameOf = useNames();
  const begin = (name: string) => name.charAt(0).toUpperCase() + name.slice(1);
  return (
    <section aria-label="History">
      <ol class="history" reversed>
        {history.toReversed().map((item) => (
          <li key={item.id}>
            <p>
              <strong>{begin(nameOf(item.actor))}</strong> {toldOfTask(item, nameOf)}
            </p>
            <time dateTime={item.time} title={fullTime(item.time)}>
              {ago(item.time)}
            </time>
          </li>
        ))}
      </ol>
    </section>
  );
}
