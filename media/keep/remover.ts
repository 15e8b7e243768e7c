/** The follower that removes the bytes of a file that was deleted or refused, in all its sizes. */
import type { MediaEvent } from '../../contracts/media.ts';
import type { RecordedEvent } from '../../contracts/message.ts';
import { unavailableIn } from '../../platform/absences/unavailable.ts';
import { orAborted } from '../../platform/concurrency/abortable.ts';
import { StoreUnavailable } from '../../platform/event-store/event-store.ts';
import type { Files } from '../../platform/files/files.ts';
import type { FollowContext } from '../../platform/followers/follow.ts';
import { followParking, type ParkingFollower } from '../../platform/followers/follow-parking.ts';
import { MEDIA_REMOVER } from './follower-row.ts';
import { checkOurs, FilesOfAnother } from './marks.ts';

/** The ends of a file: from then on nobody may fetch a byte of it. */
const ENDS: ReadonlySet<string> = new Set<MediaEvent['type']>(['MediaDeleted', 'MediaRefused']);

export const keysOf = (id: string) => `media/${id}/`;

/**
 * Starts it. At its stop it waits for no store: what is not removed yet comes again at the next start. What cannot be removed now, or is put after its
 * file's end, is the sweep's: nobody waits for it, and nobody may fetch it any more. So is everything where the store of files is not this log's to remove
 * from (marks.ts), which the sweep tells of.
 */
export async function startRemover({ files, ...context }: FollowContext & { files: Files }): Promise<ParkingFollower> {
  const stopping = new AbortController();
  const { signal } = stopping;
  async function removeBytes(stream: string): Promise<void> {
    await checkOurs({ store: context.store, files });
    signal.throwIfAborted();
    await removeAll(files, keysOf(stream.slice('media-'.length)));
  }
  /** One file's bytes hold up no other's. Error: StoreUnavailable, after which the event comes again. */
  function leftToTheSweep(stream: string, error: unknown): void {
    if (error instanceof StoreUnavailable) throw error;
    // The absence of the store of files is told by the port itself; what a stop ended comes again.
    if (!signal.aborted && !unavailableIn(error) && !(error instanceof FilesOfAnother))
      context.log.error({ stream, err: error }, 'the bytes of a file were not removed');
  }

  const removing = {
    ...MEDIA_REMOVER,
    batch: 20,
    wants: ({ type }: RecordedEvent) => ENDS.has(type),
    work: async ({ stream }: RecordedEvent) => {
      await orAborted(
        removeBytes(stream).catch((error) => leftToTheSweep(stream, error)),
        signal,
      );
      signal.throwIfAborted();
    },
  };
  const follower = await followParking(removing, context);
  return {
    ...follower,
    stop: () => {
      stopping.abort();
      return follower.stop();
    },
  };
}

/** Removes every object whose key begins with a text; resolves to their number. */
export async function removeAll(files: Files, prefix: string): Promise<number> {
  let removed = 0;
  for await (const { key } of files.list(prefix)) {
    await files.remove(key);
    removed += 1;
  }
  return removed;
}
