/**
 * A follower of effects: its checkpoint is in the event store, begun at the log's end when it is first deployed, so that what happened before
 * has no effects (invariant 7). It is written a moment after the events were applied: after a crash the last events come again.
 */
import type { RecordedEvent } from '../../contracts/message.ts';
import { absencesIn } from '../absences/absences.ts';
import { AT_ONCE } from '../absences/while-starting.ts';
import { effectCheckpoint, holds } from './checkpoint.ts';
import { type FollowContext, type Follower, type FollowerRow, follow } from './follow.ts';

/** The work of such a follower. Its name is also that of its checkpoint, and is never changed. */
export interface FollowingWithEffects extends FollowerRow {
  /** Events that `apply` is given at once, at most. */
  batch: number;
  /** True for events that `apply` is to get; others only move the checkpoint. A pure function. */
  wants(event: RecordedEvent): boolean;
  /** Called whenever this process becomes the active one, before the first events: another may have worked meanwhile. */
  begin?(): Promise<void>;
  /** Takes the wanted events of the next stretch of the log, in order (possibly none). After an error, one of infrastructure, they come again. */
  apply(events: RecordedEvent[]): Promise<void>;
}

/**
 * Starts the follower; resolves once its checkpoint is there: from then on every event counts, even if this process ends at once.
 * Errors: those of the store; UnknownQueue.
 */
export async function followWithEffects(following: FollowingWithEffects, context: FollowContext): Promise<Follower> {
  const { store, log, whileStarting = AT_ONCE } = context;
  const { name, begin = async () => {} } = following;
  const checkpoint = effectCheckpoint(store, name);
  await whileStarting(async () => {
    if (!(await holds(store, await checkpoint.load()))) await checkpoint.foreignLog();
  });
  const follower = follow(
    {
      ...following,
      load: async () => {
        await begin();
        return checkpoint.load();
      },
      foreignLog: checkpoint.foreignLog,
      apply: async (events, at) => {
        await following.apply(events);
        checkpoint.save(at);
      },
    },
    context,
  );
  return {
    ...follower,
    stop: async () => {
      await follower.stop();
      // Where the checkpoint cannot be written, the last events come again at the next start, and find their effects there.
      await checkpoint.flush().catch((error) => {
        if (!absencesIn(log).failed(error)) log.warn({ err: error, follower: name }, 'the checkpoint was not written');
      });
    },
  };
}
