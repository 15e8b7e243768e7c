/**
 * Which installation an event store is of: an id on `_installation`, made up by whoever asks first. What an installation has on servers that others use
 * as well (a RabbitMQ virtual host, a Redis database) is marked with it, so that no other one takes that for its own.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { NO_STREAM } from '../../contracts/message.ts';
import { metadata } from '../followers/checkpoint-stream.ts';
import { AppendUnknown, type EventStore, StoreUnavailable, WrongExpectedRevision } from './event-store.ts';

const STREAM = '_installation';

type Store = Pick<EventStore, 'append' | 'readStream'>;

/** Milliseconds between two tries to read. */
const AGAIN = 500;

/**
 * The id of a store's installation; null where it has none and takes none now, as on a full disk. A store that is away is waited for. Errors: those of
 * reading; the signal's reason.
 */
export async function installationOf(store: Store, signal: AbortSignal): Promise<string | null> {
  const there = await writtenSoon(store, signal);
  if (there) return there;
  const id = randomUUID();
  try {
    await store.append(STREAM, NO_STREAM, [{ id, type: 'InstallationNamed', data: { installation: id }, metadata: metadata(STREAM) }]);
    return id;
  } catch (error) {
    if (error instanceof WrongExpectedRevision) return writtenSoon(store, signal);
    if (error instanceof StoreUnavailable || error instanceof AppendUnknown) return null;
    throw error;
  }
}

async function writtenSoon(store: Store, signal: AbortSignal): Promise<string | null> {
  for (;;) {
    try {
      return await written(store);
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      await delay(AGAIN, undefined, { signal });
    }
  }
}

async function written(store: Store): Promise<string | null> {
  for await (const [first] of store.readStream(STREAM)) return (first?.data as { installation?: string } | undefined)?.installation ?? null;
  return null;
}
