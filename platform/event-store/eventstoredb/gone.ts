/** The reads of a stream that an operator deleted or truncated. */
import type { RecordedEvent } from '@eventstore/db-client';
import { type ReadStream, StreamGone } from '../event-store.ts';
import { goneBy, isNoStream, unavailable } from './failures.ts';

type StreamPages = AsyncGenerator<RecordedEvent[]>;

/** The pages of a read, none where there is no such stream. Error: StoreUnavailable. */
export async function* silentOfGone(shown: StreamPages): StreamPages {
  try {
    yield* shown;
  } catch (error) {
    if (!isNoStream(error)) throw unavailable(error);
  }
}

/** The same, which tells where an operator took the stream away. Errors: StoreUnavailable, StreamGone. */
export async function* tellingGone(name: string, { from, direction }: ReadStream, shown: StreamPages): StreamPages {
  // A read of the whole stream: a server that knows it shows nothing of it, where that is empty.
  let isEmpty = [undefined, direction === 'backwards' ? undefined : 0].includes(from);
  try {
    for await (const page of shown) {
      isEmpty = false;
      yield page;
    }
  } catch (error) {
    if (!isNoStream(error)) throw unavailable(error);
    const how = goneBy(error, from);
    if (how) throw new StreamGone(name, how);
    return;
  }
  if (isEmpty) throw new StreamGone(name, 'hidden');
}
