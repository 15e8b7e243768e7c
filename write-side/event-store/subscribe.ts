/** Subscriptions: pages of the table, and then the next commit. Nothing is buffered: a slow reader reads later. */
import { type RecordedEvent, START } from '../../contracts/message.ts';
import type { Subscribe } from './event-store.ts';
import type { LogReader } from './log-reader.ts';
import { toPosition } from './rows.ts';

interface Source {
  /** The reader; throws where the store is closed or damaged. */
  open(): LogReader;
  closed(): boolean;
  /** Resolves at the next commit. */
  moved(): Promise<void>;
}

export async function* subscribe({ after = START, signal }: Subscribe, { open, closed, moved }: Source): AsyncGenerator<RecordedEvent[]> {
  let position = after;
  while (!signal.aborted && !closed()) {
    const next = moved();
    const page = open()
      .all({ from: following(position), limit: 1_000 })
      .next().value as RecordedEvent[] | undefined;
    if (page) yield page;
    else await until(next, signal);
    position = page?.at(-1)?.position ?? position;
  }
}

/** The position after one, to read from inclusively. */
function following(position: string): string {
  return toPosition(Number(position === START ? 0 : position) + 1);
}

function until(moved: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      signal.removeEventListener('abort', done);
      resolve();
    };
    signal.addEventListener('abort', done);
    moved.then(done);
  });
}
