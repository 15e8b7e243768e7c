/**
 * The event store's edge: what is appended is sealed, what is read is opened, so that all that decide, fold and react see clear text, and the store, its
 * backups and the bus hold none.
 *
 *     const store = sealedStore(await openEventStore(url, options), { keys, hmac });
 */
import type { RecordedEvent } from '../../contracts/message.ts';
import type { EventStore } from '../event-store/event-store.ts';
import { openSealed, openWhenLookedAt } from './open-events.ts';
import type { PersonKeys } from './person-keys.ts';
import { type SealContext, sealEvents } from './seal-events.ts';
import { isOfSnapshots, openSnapshots, sealSnapshots } from './snapshots.ts';
import { together } from './together.ts';

/** What the edge needs. */
export interface EdgeContext extends SealContext {
  keys: Pick<PersonKeys, 'toSeal' | 'toOpen'>;
}

/**
 * The store behind its edge. Errors, beside the store's: those of the keys (Unavailable). The data of an event whose own key is missing throws when it is
 * looked at.
 */
export function sealedStore(store: EventStore, { keys, hmac }: EdgeContext): EventStore {
  const inTurn = together();
  return {
    ...store,
    append: async (stream, expected, events, options) => {
      await inTurn();
      const its = isOfSnapshots(stream) ? await sealSnapshots(events, keys) : await sealEvents(stream, events, { keys, hmac });
      return store.append(stream, expected, its, options);
    },
    readStream: (stream, options) =>
      pagewise(store.readStream(stream, options), (page) => (isOfSnapshots(stream) ? openSnapshots(page, keys) : openSealed(page, keys))),
    readAll: (options = {}) => {
      const { lean, types } = options;
      const pages = store.readAll(options);
      if (!lean) return pagewise(pages, (page) => openSealed(page, keys));
      return types ? pagewise(pages, (page) => openWhenLookedAt(page, { keys, types })) : pages;
    },
    subscribe: (options) => pagewise(store.subscribe(options), (page) => openSealed(page, keys)),
  };
}

/** Pages, each mapped; one that is empty then is left out. */
async function* pagewise(
  pages: AsyncIterable<RecordedEvent[]>,
  map: (page: RecordedEvent[]) => Promise<RecordedEvent[]>,
): AsyncGenerator<RecordedEvent[]> {
  for await (const page of pages) {
    const mapped = await map(page);
    if (mapped.length > 0) yield mapped;
  }
}
