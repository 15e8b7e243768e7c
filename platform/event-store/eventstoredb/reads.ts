/** Reads of the port's two logs, which are both in `$all`: the server leaves out what is of neither, as far as names tell. */
import type { AllStreamRecordedEvent } from '@eventstore/db-client';
import { LRUCache } from 'lru-cache';
import type { RecordedEvent } from '../../../contracts/message.ts';
import type { ReadAll } from '../event-store.ts';
import { type CallSource, EVERY, readStream } from './calls.ts';
import { isInvalidPosition } from './failures.ts';
import { EVENT_PREFIXES, fromClient, fromPosition, isOfEvents, logOf } from './records.ts';
import { readAll, type Scan } from './scan.ts';

type Pages = AsyncGenerator<AllStreamRecordedEvent[]>;
type Asked = Pick<Scan, 'chunk' | 'prefixes'>;
type Wanted = (event: AllStreamRecordedEvent) => boolean | Promise<boolean>;

const PAGE = 1_000;
/** The beginnings of the names of each log's streams. */
const PREFIXES = { events: EVENT_PREFIXES, bookkeeping: ['_'] };
/** Bookkeeping streams whose first shown revision is remembered during one read. */
const REMEMBERED = 10_000;

/** The events of a log, as `EventStore.readAll`. Error: StoreUnavailable. */
export async function* readLog(source: CallSource, options: ReadAll): AsyncGenerator<RecordedEvent[]> {
  const { page: most = PAGE } = options;
  let page: RecordedEvent[] = [];
  for await (const event of upTo(options.limit ?? EVERY, wantedOf(source, options))) {
    page.push(fromClient(event));
    if (page.length < most) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}

function wantedOf(source: CallSource, options: ReadAll): AsyncGenerator<AllStreamRecordedEvent> {
  const pages = pagesOf(source, options);
  return matching(pages, options.log === 'bookkeeping' ? shownBookkeeping(source) : isOfEvents);
}

/** The first items, without waiting for one more. */
async function* upTo<T>(limit: number, items: AsyncGenerator<T>): AsyncGenerator<T> {
  let left = limit;
  if (left <= 0) return;
  for await (const item of items) {
    yield item;
    if (--left === 0) return;
  }
}

async function* matching(pages: Pages, wanted: Wanted): AsyncGenerator<AllStreamRecordedEvent> {
  for await (const page of pages) for (const event of page) if (await wanted(event)) yield event;
}

function pagesOf(source: CallSource, { direction = 'forwards', from, limit = EVERY, log = 'events', foreign }: ReadAll): Pages {
  const asked = { chunk: limit < PAGE ? limit : EVERY, ...(foreign ? {} : { prefixes: PREFIXES[log] }) };
  if (direction === 'forwards') return from ? forwards(source, fromPosition(from), asked) : readAll(source, { ...asked, direction, from: 'start' });
  if (from === '') return none();
  const commit = from === undefined ? undefined : fromPosition(from);
  // A text that this store did not make counts as beyond the end.
  return commit === undefined ? readAll(source, { ...asked, direction, from: 'end' }) : backwards(source, commit, asked);
}

async function* none(): Pages {}

async function* forwards(source: CallSource, from: bigint | undefined, asked: Asked): Pages {
  if (from === undefined) return;
  try {
    yield* readAll(source, { ...asked, direction: 'forwards', from });
  } catch (error) {
    if (!isInvalidPosition(error)) throw error;
    yield* after(lost(source, from, asked), from);
  }
}

/** Reads backwards from a position, inclusive: the server itself begins before the position. */
async function* backwards(source: CallSource, from: bigint, asked: Asked): Pages {
  const there = await eventAt(source, from);
  if (there) {
    yield [there];
    yield* readAll(source, { ...asked, direction: 'backwards', from });
  } else {
    for await (const page of lost(source, from, asked, 'backwards')) {
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

/** Reads from the log's end, for a position where no record begins (of another log, or of before a restore): the server reads from no such position. */
function lost(source: CallSource, position: bigint, { prefixes }: Asked, direction: Scan['direction'] = 'forwards'): Pages {
  source.log.warn({ position: String(position) }, 'no event of this log is at that position: going through the log to find its place');
  return readAll(source, { direction, from: direction === 'forwards' ? 'start' : 'end', ...(prefixes ? { prefixes } : {}) });
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
