/**
 * The target's `_forwarder`: the forwarder's checkpoint is made anew, at the end of the moved log, so that the bus does not get all of history again
 * (followers read it from the store). The stream also marks a target: it is written before the first event, and by nobody else during a move.
 */

import { type Metadata, NO_STREAM, type RecordedEvent } from '../../../contracts/message.ts';
import type { EventStore } from '../../../platform/event-store/event-store.ts';
import { endOf } from '../../../platform/followers/checkpoint.ts';
import { BEGINNING, type Checkpoint } from '../../../platform/followers/checkpoint-type.ts';
import { stableId } from '../../../platform/stable-id.ts';
import { UserError } from '../../../platform/user-error.ts';
import type { ForwarderCheckpoint } from '../../../write-side/forwarder/checkpoint.ts';
import { patiently } from './append.ts';
import { EMPTY } from './refused.ts';

const STREAM = '_forwarder';
const ACTOR = 'system:migrate';

/** Claims the target for a move: it must be empty, or filled by an interrupted move alone. Error: `UserError`. */
export async function claim(target: EventStore): Promise<void> {
  const last = await lastMark(target);
  if (last && last.metadata.actor !== ACTOR) throw new UserError(`A process of taskledger has run on the target's event store. ${EMPTY}`);
  if (last) return;
  for (const log of ['events', 'bookkeeping'] as const)
    for await (const [found] of target.readAll({ log, limit: 1 }))
      throw new UserError(`The target's event store is not empty: it holds ${found?.stream}, which no migrate has put there. ${EMPTY}`);
  await mark(target, NO_STREAM, BEGINNING);
}

/** Ends the move: moves the forwarder's checkpoint to the log's end, so that processes may start on the target. */
export async function handOver(target: EventStore): Promise<void> {
  const last = await lastMark(target);
  await mark(target, last?.revision ?? NO_STREAM, await endOf(target));
}

async function lastMark(target: EventStore): Promise<RecordedEvent | undefined> {
  for await (const [last] of target.readStream(STREAM, { direction: 'backwards', limit: 1 })) return last;
  return undefined;
}

async function mark(target: EventStore, revision: number, { position, eventId }: Checkpoint): Promise<void> {
  const data: ForwarderCheckpoint = { position, eventId, previous: position, categories: {}, floor: position };
  const id = stableId(STREAM, ACTOR, String(revision), eventId);
  const metadata: Metadata = { $correlationId: id, $causationId: id, commandId: id, actor: ACTOR, schema: 1, topics: [] };
  await patiently(() => target.append(STREAM, revision, [{ id, type: 'ForwarderMoved', data, metadata }], { keep: 3 }));
}
