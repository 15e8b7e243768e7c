/** Appending to the target: in the order of the log, one append after the other, repeated where its fate is unknown. */

import { setTimeout as delay } from 'node:timers/promises';
import type { NewEvent, RecordedEvent } from '../../../contracts/message.ts';
import { unavailableIn } from '../../../platform/absences/unavailable.ts';
import { type AppendOptions, type EventStore, WrongExpectedRevision } from '../../../platform/event-store/event-store.ts';
import { UserError } from '../../../platform/user-error.ts';

/** The most events, and about the most characters, of an append, because servers limit its bytes. */
const MOST = { events: 200, characters: 200_000 };
/** Milliseconds before an append is repeated: the first wait, doubled up to the last. */
const WAITS = { first: 100, last: 6_400 };

/** Appends a stream's next events as they were. Error: `UserError` where the store refuses every append, or somebody else writes there. */
export async function appendAsTheyWere(
  target: EventStore,
  events: readonly RecordedEvent[],
  revision: number,
  options: AppendOptions = {},
): Promise<void> {
  const news = events.map(({ id, type, data, metadata }): NewEvent => ({ id, type, data, metadata }));
  const times = events.map(({ time }) => time);
  await patiently(() => target.append(events[0]?.stream ?? '', revision, news, { ...options, times }));
}

/**
 * Repeats work that may be done twice, until its fate is known: an append, since the same ids at the same revision are recorded once, or a look. Servers go
 * away for a moment, or give a turn to write to somebody else. Error: `UserError` where that lasts, or somebody else writes there.
 */
export async function patiently<T>(work: () => Promise<T>, store = 'event store'): Promise<T> {
  for (let wait = WAITS.first; ; wait *= 2) {
    const done = await work().then(
      (value) => ({ value }),
      (error: unknown) => ({ passing: passingError(error) }),
    );
    if ('value' in done) return done.value;
    const { passing } = done;
    if (wait > WAITS.last)
      throw new UserError(`The target's ${store} takes nothing (${passing.message}). Run it again: it goes on where it stopped.`, { cause: passing });
    await delay(wait);
  }
}

/** An error after which the same may be repeated; any other is thrown. */
function passingError(error: unknown): Error {
  const away = unavailableIn(error);
  if (away) return away;
  if (error instanceof WrongExpectedRevision)
    throw new UserError(`Something else writes to the target's event store (${error.message}). Stop it, empty the target and run it again.`, {
      cause: error,
    });
  throw error;
}

/** Runs of consecutive events of one stream, each as large as one append takes. */
export async function* runsOf(events: AsyncIterable<RecordedEvent> | Iterable<RecordedEvent>): AsyncGenerator<RecordedEvent[]> {
  let run: RecordedEvent[] = [];
  let characters = 0;
  for await (const event of events) {
    const size = JSON.stringify([event.data, event.metadata]).length;
    const fits = run[0]?.stream === event.stream && run.length < MOST.events && characters + size <= MOST.characters;
    if (run.length > 0 && !fits) {
      yield run;
      run = [];
      characters = 0;
    }
    run.push(event);
    characters += size;
  }
  if (run.length > 0) yield run;
}
