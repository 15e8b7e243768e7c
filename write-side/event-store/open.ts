/** Opens the event store that a URL names. */
import { join } from 'node:path';
import type { EventStore } from './event-store.ts';
import { openSqliteEventStore } from './sqlite.ts';

export interface OpenEventStoreOptions {
  /** Folder of the embedded store's file where the URL names none. */
  dataDir: string;
  log: { error(data: object, message: string): void };
}

/** `sqlite:` (in `dataDir`) or `sqlite:/a/file`. Errors: StoreDamaged, StoreUnavailable. */
export function openEventStore(url: string, { dataDir, log }: OpenEventStoreOptions): Promise<EventStore> {
  const [scheme, path] = [url.slice(0, url.indexOf(':')), url.slice(url.indexOf(':') + 1)];
  if (scheme === 'sqlite') return openSqliteEventStore({ file: path || join(dataDir, 'events.db'), log });
  return Promise.reject(new Error(`EVENT_STORE_URL: there is no event store for ${scheme}: here; use sqlite:`));
}
