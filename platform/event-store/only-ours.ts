/**
 * A store that others use, too, as it is for us: whatever is not ours (contracts/ours.ts) is passed by every read, and no append trips over it.
 *
 *     const store = onlyOurs(await openEventStoreDb(url, options), openForeign({ log }));
 *
 * Revisions and positions are the store's own, so they have gaps where something foreign is.
 */
import type { RecordedEvent } from '../../contracts/message.ts';
import { isOurs, isOursByName } from '../../contracts/ours.ts';
import { appendBehindForeign } from './append-behind-foreign.ts';
import type { EventStore, ReadAll, ReadStream } from './event-store.ts';
import type { Foreign } from './foreign.ts';
import { firstOf } from './limited-read.ts';

/** The store without what is foreign in it, which `foreign` hears of. Its `head` must be that of our events already. */
export function onlyOurs(store: EventStore, foreign: Foreign): EventStore {
  const ours = (page: RecordedEvent[]) => page.filter((event) => isOurs(event) || foreign.met(event));

  const oursByName = (page: RecordedEvent[]) => page.filter((event) => isOursByName(event) || foreign.met(event));

  function readStream(stream: string, options: ReadStream = {}): AsyncIterable<RecordedEvent[]> {
    const { limit, direction } = options;
    if (limit === undefined) return without(store.readStream(stream, options), ours);
    const step = direction === 'backwards' ? -1 : 1;
    const read = (count: number, last?: RecordedEvent) =>
      store.readStream(stream, { ...options, limit: count, ...(last ? { from: last.revision + step } : {}) });
    return firstOf(limit, read, ours);
  }

  function readAll(options: ReadAll = {}): AsyncIterable<RecordedEvent[]> {
    const { limit, foreign: whole } = options;
    if (whole) return store.readAll(options);
    const kept = options.lean ? oursByName : ours;
    if (limit === undefined) return without(store.readAll(options), kept);
    const read = (count: number, last?: RecordedEvent) =>
      // A read from a position begins with the event that is at it.
      last ? behind(store.readAll({ ...options, limit: count + 1, from: last.position }), last) : store.readAll({ ...options, limit: count });
    return firstOf(limit, read, kept);
  }

  return {
    ...store,
    append: appendBehindForeign(store),
    readStream,
    readAll,
    subscribe: (options) => without(store.subscribe(options), (page) => page.filter((event) => isOurs(event) || foreign.counted(event))),
  };
}

async function* without(pages: AsyncIterable<RecordedEvent[]>, ours: (page: RecordedEvent[]) => RecordedEvent[]): AsyncGenerator<RecordedEvent[]> {
  for await (const page of pages) {
    const some = ours(page);
    if (some.length > 0) yield some;
  }
}

async function* behind(pages: AsyncIterable<RecordedEvent[]>, { position }: RecordedEvent): AsyncGenerator<RecordedEvent[]> {
  let first = true;
  for await (const page of pages) {
    const rest = first && page[0]?.position === position ? page.slice(1) : page;
    first = false;
    if (rest.length > 0) yield rest;
  }
}
