/** The work for an address without an account: as much is written as for one, so that nobody learns from the time of an answer which it is. */
import { randomUUID } from 'node:crypto';
import { NO_STREAM } from '../../contracts/message.ts';
import { type EventStore, WrongExpectedRevision } from '../../platform/event-store/event-store.ts';
import { metadata } from '../../platform/followers/checkpoint-stream.ts';

const STREAM = '_nobody';
/** An event whose revision is a multiple of it also trims the stream, which is an append of its own on some stores. */
const TRIMMED_EVERY = 20;

/** Opens the recording of requests that concern nobody: one event is kept, which says nothing. Errors: those of the store. */
export function openNobody(store: Pick<EventStore, 'append'>): () => Promise<void> {
  let revision = NO_STREAM;
  return async () => {
    try {
      const event = { id: randomUUID(), type: 'AskedForNobody', data: {}, metadata: metadata(STREAM) };
      revision = (await store.append(STREAM, revision, [event], (revision + 1) % TRIMMED_EVERY === 0 ? { keep: 1 } : {})).revision;
    } catch (error) {
      // Another one was faster: something was written all the same.
      if (!(error instanceof WrongExpectedRevision)) throw error;
      revision = error.actual;
    }
  };
}
