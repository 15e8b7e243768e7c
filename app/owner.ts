/** Whose the data on a server is to be: for ports that mark what they use there as an installation's own. */
import type { EventStore } from '../platform/event-store/event-store.ts';
import { installationOf } from '../platform/event-store/installation.ts';
import { isEmbedded } from './parts.ts';

/** The id of the store's installation where the URL names a server; null for an embedded store, which is marked by nobody. Errors: those of `installationOf`. */
export async function ownerOnServer(
  url: string,
  store: EventStore | (() => Promise<EventStore>),
  signal = new AbortController().signal,
): Promise<string | null> {
  if (isEmbedded(url)) return null;
  return installationOf(typeof store === 'function' ? await store() : store, signal);
}
