/**
 * Checkpoints of followers of effects (policies, the dispatcher): in the event store, begun at its head, so that neither the
 * history before the first deployment nor a replay causes an effect (invariant 7).
 */
import type { EventStore } from '../event-store/event-store.ts';
import { checkpointStream, SteppedDown } from './checkpoint-stream.ts';
import { BEGINNING, type Checkpoint } from './checkpoint-type.ts';

/** A checkpoint in the event store: `load` and `foreignLog` are for `follow`, `save` is for `apply`. */
export interface EffectCheckpoint {
  /** The follower's place. The very first load writes the head of the store: from then on every event counts. */
  load(): Promise<Checkpoint>;
  /** Saves the follower's place, which is written within 100 ms. Throws the error of an earlier write, SteppedDown among them. */
  save(checkpoint: Checkpoint): void;
  /** Writes the saved place now, as before the end of the process. Errors: SteppedDown, and those of `append`. */
  flush(): Promise<void>;
  /** Moves the checkpoint to the head of the present store. */
  foreignLog(): Promise<void>;
}

/** Opens the checkpoint of the follower of this name, on `_checkpoint-<follower>`. */
export function effectCheckpoint(store: EventStore, follower: string): EffectCheckpoint {
  const stream = checkpointStream<Checkpoint>(store, { stream: `_checkpoint-${follower}`, type: 'CheckpointMoved' });

  async function begin(): Promise<Checkpoint> {
    const head = await endOf(store);
    await stream.write(head);
    return head;
  }

  /** Loads the checkpoint or begins it; of several processes that are deployed at once, one begins it and the others load that. */
  async function load(): Promise<Checkpoint> {
    const there = await stream.load();
    if (there) return there;
    try {
      return await begin();
    } catch (error) {
      if (!(error instanceof SteppedDown)) throw error;
      return load();
    }
  }

  return {
    load,
    save: stream.save,
    flush: stream.flush,
    foreignLog: async () => {
      await stream.load();
      await begin().catch((error: unknown) => {
        if (!(error instanceof SteppedDown)) throw error;
      });
    },
  };
}

/** The checkpoint at the log's end: that of a follower past all events. */
export async function endOf(store: EventStore): Promise<Checkpoint> {
  for await (const [last] of store.readAll({ direction: 'backwards', limit: 1 })) {
    if (last) return { position: last.position, eventId: last.id };
  }
  return BEGINNING;
}

/** True where the store holds the checkpoint's event at its position, ours or not; also for the beginning. */
export async function holds(store: EventStore, { position, eventId }: Checkpoint): Promise<boolean> {
  if (position === BEGINNING.position) return true;
  for await (const [event] of store.readAll({ from: position, limit: 1, foreign: true })) return event?.position === position && event.id === eventId;
  return false;
}
