/** Subscriptions to the embedded store: pages of the table, and then the next commit. Nothing is buffered: a slow reader reads later. */
import { type RecordedEvent, START } from '../../../contracts/message.ts';
import type { SubscriptionOptions } from '../event-store.ts';
import type { LogReader } from './log-reader.ts';
import { fromPosition, toPosition } from './rows.ts';

/** The log that a subscription follows. */
export interface FollowedLog {
  /** Answers the reader; null where the store was closed. Error: StoreDamaged. */
  reader(): LogReader | null;
  /** Resolves at the next commit, at close, and when damage is found. */
  moved(): Promise<void>;
}

const PAGE = 1_000;

/** All forwardable events after a position, until the signal aborts or the store is closed. */
export async function* subscribe({ after = START, signal }: SubscriptionOptions, { reader, moved }: FollowedLog): AsyncGenerator<RecordedEvent[]> {
  let position = fromPosition(after);
  for (let log = reader(); log && !signal.aborted; log = reader()) {
    const next = moved();
    const page = read(log, position);
    if (page) {
      yield page;
      position = fromPosition(page.at(-1)?.position ?? START);
      // A subscription that has far to go leaves the event loop to other work between pages.
      await new Promise((resolve) => setImmediate(resolve));
    } else {
      await until(next, signal);
    }
  }
}

function read(log: LogReader, position: number): RecordedEvent[] | undefined {
  for (const page of log.all({ from: toPosition(position + 1), limit: PAGE })) return page;
  return undefined;
}

function until(moved: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      signal.removeEventListener('abort', done);
      resolve();
    };
    if (signal.aborted) return done();
    signal.addEventListener('abort', done);
    moved.then(done);
  });
}
