/** The follower that removes the bytes of a file that was deleted or refused, in all its sizes. */
import type { MediaEvent } from '../../contracts/media.ts';
import type { RecordedEvent } from '../../contracts/message.ts';
import { unavailableIn } from '../../platform/absences/unavailable.ts';
import { orAborted } from '../../platform/concurrency/abortable.ts';
import type { Files } from '../../platform/files/files.ts';
import type { FollowContext, Follower } from '../../platform/followers/follow.ts';
import { followWithEffects } from '../../platform/followers/follow-with-effects.ts';
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
export async function startRemover({ files, ...context }: FollowContext & { files: Files }): Promise<Follower> {
  const stopping = new AbortController();
  const { signal } = stopping;
  async function removeOf(ids: readonly string[]): Promise<void> {
    await checkOurs({ store: context.store, files });
    for (const id of ids) {
      signal.throwIfAborted();
      await removeAll(files, keysOf(id)).catch(leftToTheSweep);
    }
  }
  const removing = {
    ...MEDIA_REMOVER,
    batch: 50,
    wants: ({ type, stream }: RecordedEvent) => stream.startsWith('media-') && ENDS.has(type),
    apply: async (events: RecordedEvent[]) => {
      if (events.length > 0) await orAborted(removeOf(events.map(({ stream }) => stream.slice('media-'.length))).catch(leftToTheSweep), signal);
      signal.throwIfAborted();
    },
  };
  const follower = await followWithEffects(removing, context);
  return {
    ...follower,
    stop: () => {
      stopping.abort();
      return follower.stop();
    },
  };
}

/** An absence is told by the port itself. */
function leftToTheSweep(error: unknown): void {
  if (!unavailableIn(error) && !(error instanceof FilesOfAnother)) throw error;
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
