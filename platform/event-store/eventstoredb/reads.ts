/** Reads of the port's two logs, which are both in `$all`: the client takes no filter on reads, so events of the other log are skipped here. */
import type { AllStreamRecordedEvent } from '@eventstore/db-client';
import { LRUCache } from 'lru-cache';
import type { RecordedEvent } from '../../../contracts/message.ts';
import type { ReadAll } from '../event-store.ts';
import { type CallSource, readAll, readStream } from './calls.ts';
import { isInvalidPosition } from './failures.ts';
import { fromClient, fromPosition, logOf } from './records.ts';

type Pages = AsyncGenerator<AllStreamRecordedEvent[]>;
type Wanted = (event: AllStreamRecordedEvent) => boolean | Promise<boolean>;

const PAGE = 1_000;
const EVERY = Number.MAX_SAFE_INTEGER;
/** Events asked for beyond the limit, because some will be of the other log. */
const SLACK = 8;
/** Bookkeeping streams whose first shown revision is remembered during one read. */
const REMEMBERED = 10_000;

/** The events of a log, as `EventStore.readAll`. Error: StoreUnavailable. */
export async function* readLog(source: CallSource, options: ReadAll): AsyncGenerator<RecordedEvent[]> {
  const { limit = EVERY, page: most = PAGE, log = 'events' } = options;
  const wanted: Wanted = log === 'events' ? ({ streamId }) => logOf(streamId) === 'events' : shownBookkeeping(source);
  let [page, left] = [[] as RecordedEvent[], limit];
  for await (const event of matching(pagesOf(source, options), wanted)) {
    if (left === 0) break;
    left--;
    page.push(fromClient(event));
    if (page.length < Math.min(most, page.length + left)) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}

async function* matching(pages: Pages, wanted: Wanted): AsyncGenerator<AllStreamRecordedEvent> {
  for await (const page of pages) for (const event of page) if (await wanted(event)) yield event;
}

function pagesOf(source: CallSource, { direction = 'forwards', from, limit = EVERY }: ReadAll): Pages {
  const chunk = limit < PAGE ? limit + SLACK : EVERY;
  if (direction === 'forwards') return from ? forwards(source, fromPosition(from), chunk) : readAll(source, { direction, from: 'start', chunk });
  if (from === '') return none();
  const commit = from === undefined ? undefined : fromPosition(from);
  // A text that this store did not make counts as beyond the end.
  return commit === undefined ? readAll(source, { direction, from: 'end', chunk }) : backwards(source, commit, chunk);
}

async function* none(): Pages {}

async function* forwards(source: CallSource, from: bigint | undefined, chunk: number): Pages {
  if (from === undefined) return;
  try {
    yield* readAll(source, { direction: 'forwards', from, chunk });
  } catch (error) {
    if (!isInvalidPosition(error)) throw error;
    yield* after(lost(source, from, 'start'), from);
  }
}

/** Reads backwards from a position, inclusive: the server itself begins before the position. */
async function* backwards(source: CallSource, from: bigint, chunk: number): Pages {
  const there = await eventAt(source, from);
  if (there) {
    yield [there];
    yield* readAll(source, { direction: 'backwards', from, chunk });
  } else {
    for await (const page of lost(source, from, 'end')) {
      const before = page.filter(({ position }) => position.commit <= from);
      if (before.length > 0) yield before;
    }
  }
}

async function eventAt(source: CallSource, position: bigint): Promise<AllStreamRecordedEvent | undefined> {
  try {
    for await (const [event] of readAll(source, { direction: 'forwards', from: position, chunk: 1 }))
      return event?.position.commit === position ? event : undefined;
  } catch (error) {
    if (!isInvalidPosition(error)) throw error;
  }
  return undefined;
}

/** All events, for a read from a position where no record begins (of another log, or of before a restore): the server reads from no such position. */
function lost(source: CallSource, position: bigint, from: 'start' | 'end'): Pages {
  source.log.warn({ position: String(position) }, 'no event of this log is at that position: going through the log to find its place');
  return readAll(source, { direction: from === 'start' ? 'forwards' : 'backwards', from });
}

async function* after(pages: Pages, from: bigint): Pages {
  for await (const page of pages) {
    const rest = page.filter(({ position }) => position.commit >= from);
    if (rest.length > 0) yield rest;
  }
}

/** Makes the filter of bookkeeping: until the server is scavenged, `$all` also has events that their streams hide (`keep`). */
function shownBookkeeping(source: CallSource): Wanted {
  const begins = new LRUCache<string, number>({ max: REMEMBERED });
  return async ({ streamId, revision }) => {
    if (logOf(streamId) !== 'bookkeeping') return false;
    const begin = begins.get(streamId) ?? (await firstShown(source, streamId));
    begins.set(streamId, begin);
    return revision >= begin;
  };
}

async function firstShown(source: CallSource, stream: string): Promise<number> {
  for await (const [first] of readStream(source, stream, { limit: 1 })) return Number(first?.revision);
  return EVERY;
}
