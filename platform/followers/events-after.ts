/** The events after a checkpoint, if this is the log that the checkpoint was taken on. */
import { type RecordedEvent, START } from '../../contracts/message.ts';
import { untilAborted } from '../concurrency/abortable.ts';
import type { EventStore, ReadAll } from '../event-store/event-store.ts';
import { holds } from './checkpoint.ts';
import type { Checkpoint } from './checkpoint-type.ts';

/** The log does not hold the checkpoint's event at its position. */
export class ForeignLog extends Error {
  override readonly name = 'ForeignLog';
}

/** Pages (the first may be empty) up to the log's present end, or until the signal aborts. Error: ForeignLog. */
export async function* eventsAfter(store: EventStore, checkpoint: Checkpoint, signal: AbortSignal): AsyncGenerator<RecordedEvent[]> {
  const from: ReadAll = checkpoint.position === START ? {} : { from: checkpoint.position };
  let verified = checkpoint.position === START;
  for await (const page of untilAborted(store.readAll(from), signal)) {
    yield verified ? page : await behind(store, checkpoint, page);
    verified = true;
  }
  if (!verified && !signal.aborted) await verify(store, checkpoint);
}

/** The first page without the checkpoint's own event, with which the read begins, to see that it is there. Error: ForeignLog. */
async function behind(store: EventStore, checkpoint: Checkpoint, page: RecordedEvent[]): Promise<RecordedEvent[]> {
  const [first, ...rest] = page;
  if (first?.position === checkpoint.position && first.id === checkpoint.eventId) return rest;
  await verify(store, checkpoint);
  return page;
}

/** Looks for the checkpoint's event among what is not ours: a follower of an older release may have been past such an event. Error: ForeignLog. */
async function verify(store: EventStore, checkpoint: Checkpoint): Promise<void> {
  if (!(await holds(store, checkpoint))) throw foreign(checkpoint);
}

function foreign({ position, eventId }: Checkpoint): ForeignLog {
  return new ForeignLog(`the event store holds no event ${eventId} at ${position}`);
}
