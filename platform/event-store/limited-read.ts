/** Reads with a limit over events that are partly left out: the limit is of those that are kept. */
import type { RecordedEvent } from '../../contracts/message.ts';

/** Reads up to `count` events behind the last one that was read; from where the caller asked, without one. */
type Reading = (count: number, last: RecordedEvent | undefined) => AsyncIterable<RecordedEvent[]>;

/** Events asked for at least, where more are read behind those that were left out. */
const MORE = 200;

/** The first `limit` events that `kept` keeps of a page. */
export async function* firstOf(limit: number, read: Reading, kept: (page: RecordedEvent[]) => RecordedEvent[]): AsyncGenerator<RecordedEvent[]> {
  let left = limit;
  for await (const page of onAndOn(read, () => left)) {
    const some = kept(page).slice(0, left);
    left -= some.length;
    if (some.length > 0) yield some;
    if (left === 0) return;
  }
}

/** Page after page, in reads of about as many events as are still missing, until there are no more. */
async function* onAndOn(read: Reading, missing: () => number): AsyncGenerator<RecordedEvent[]> {
  let last: RecordedEvent | undefined;
  for (let count = missing(); count > 0; count = Math.max(missing(), MORE)) {
    let seen = 0;
    for await (const page of read(count, last)) {
      seen += page.length;
      last = page.at(-1);
      yield page;
    }
    if (seen < count) return;
  }
}
