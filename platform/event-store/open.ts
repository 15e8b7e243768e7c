/** Opens the event store that a URL names. */
import { join } from 'node:path';
import type { ForeignReason } from '../../contracts/ours.ts';
import type { Reaching } from '../connections/reach.ts';
import type { EventStore } from './event-store.ts';
import { openForeign } from './foreign.ts';
import { onlyOurs } from './only-ours.ts';
import { notingShapes } from './shapes.ts';
import { openSqliteEventStore } from './sqlite/sqlite.ts';

export interface OpenEventStoreOptions extends Omit<Reaching, 'log'> {
  /** Folder of the embedded store's file where the URL names none. */
  dataDir: string;
  log: { error(data: object, message: string): void } & Partial<Reaching['log']>;
  /** Called once when an embedded store can record nothing more until it is opened anew; see `SqliteOptions`. */
  ended?(error: Error): void;
  /** Called for each event that is not ours and that a subscription passes (contracts/ours.ts). */
  passed?(reason: ForeignReason): void;
}

const SERVER = /^(esdb|kurrentdb)(\+discover)?$/;

/**
 * Opens the store, as it is for us: what is not ours in it is passed by all that is done with it. `sqlite:` (in `dataDir`) or `sqlite:/a/file` is a
 * file; `esdb:`, `esdb+discover:` or the same with `kurrentdb` is a server, which is waited for.
 * Errors: StoreDamaged, StoreUnavailable, ServerRefused.
 */
export async function openEventStore(url: string, options: OpenEventStoreOptions): Promise<EventStore> {
  const { passed, log } = options;
  return notingShapes(onlyOurs(await openWhole(url, options), openForeign({ log, ...(passed ? { count: passed } : {}) })));
}

async function openWhole(url: string, { dataDir, log, ended, passed: _, ...reaching }: OpenEventStoreOptions): Promise<EventStore> {
  const [scheme, path] = [url.slice(0, url.indexOf(':')), url.slice(url.indexOf(':') + 1)];
  if (scheme === 'sqlite') return openSqliteEventStore({ file: path || join(dataDir, 'events.db'), log, ended });
  if (SERVER.test(scheme)) {
    // Loaded here: a process without such a server does not pay for its client.
    const { openEventStoreDb } = await import('./eventstoredb/eventstoredb.ts');
    return openEventStoreDb(url, {
      ...reaching,
      log: { info: (data, message) => log.info?.(data, message), warn: (data, message) => log.warn?.(data, message) },
    });
  }
  throw new Error(`EVENT_STORE_URL: there is no event store for ${scheme}: here; use sqlite: or esdb:`);
}
