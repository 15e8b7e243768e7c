/**
 * Checkpoints of followers of effects (policies, the dispatcher): in the event store, begun at its head, so that neither the
 * history before the first deployment nor a replay causes an effect (invariant 7).
 */
import type { Position } from '../../contracts/message.ts';
import type { EventStore } from '../event-store/event-store.ts';
import { checkpointStream, SteppedDown } from './checkpoint-stream.ts';
import { BEGINNING, type Checkpoint } from './checkpoint-type.ts';

/** What `follow` needs of it (`load`, `foreignLog`), and what `apply` calls (`save`). */
export interface EffectCheckpoint {
  /** Where the follower is. The very first load writes the head of the store: from then on every event counts. */
  load(): Promise<Checkpoint>;
  /** Remembers it, written at most every 100 ms. Throws the error of an earlier write, SteppedDown among them. */
  save(checkpoint: Checkpoint): void;
  /** Writes what is saved, as before the end of the process. Errors: SteppedDown, and those of `append`. */
  flush(): Promise<void>;
  /** Begins again at the head of the store there is now. */
  foreignLog(): Promise<void>;
}

/** The checkpoint of the follower of that name, on `_checkpoint-<follower>`. */
export function effectCheckpoint(store: EventStore, follower: string): EffectCheckpoint {
  const stream = checkpointStream<Checkpoint>(store, { stream: `_checkpoint-${follower}`, type: 'CheckpointMoved' });

  async function begin(): Promise<Checkpoint> {
    const head = await endOf(store);
    await stream.write(head);
    return head;
  }

  /** Of several processes that are deployed at once, one begins it. */
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

/** The checkpoint of one who is past every event there is. */
export async function endOf(store: EventStore): Promise<Checkpoint> {
  for await (const [last] of store.readAll({ direction: 'backwards', limit: 1 })) {
    if (last) return { position: last.position, eventId: last.id };
  }
  return BEGINNING;
}

/** True where the store holds that checkpoint's event at its position. */
export async function holds(store: EventStore, { position, eventId }: Checkpoint): Promise<boolean> {
  if (position === BEGINNING.position) return true;
  for await (const [event] of store.readAll({ from: position, limit: 1 })) return event?.position === position && event.id === eventId;
  return false;
}

/** Events of the log after a position, counted up to `most`. */
export async function countAfter(store: EventStore, position: Position, most: number): Promise<number> {
  let count = 0;
  for await (const page of store.readAll({ from: position, limit: most + 1 })) count += page.filter((event) => event.position > position).length;
  return Math.min(count, most);
}
