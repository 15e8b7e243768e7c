/** Keeps the store of files tidy: removes what was deleted, and sweeps what was left. */
import { setTimeout as pause } from 'node:timers/promises';
import { orAborted } from '../../platform/concurrency/abortable.ts';
import { keepTrying } from '../../platform/concurrency/keep-trying.ts';
import type { ParkingFollower } from '../../platform/followers/follow-parking.ts';
import type { MediaContext } from '../context.ts';
import { openFoundTwice } from './found-twice.ts';
import { FilesOfAnother, type MarksContext } from './marks.ts';
import { startRemover } from './remover.ts';
import { type SweepContext, sweepMedia } from './sweep.ts';
import { markUnmarked } from './unmarked.ts';

/** Milliseconds after a start until the first sweep, and between two. */
const FIRST = 60_000;
const BETWEEN = 3_600_000;

type KeepContext = Pick<MediaContext, 'store' | 'bus' | 'files' | 'commands' | 'readModels' | 'settings' | 'log' | 'add' | 'whileStarting'>;

/** Starts both. Of several processes the one whose remover is active sweeps. `first`, `between`: milliseconds; tests have shorter ones. */
export async function startKeeping(context: KeepContext, { first = FIRST, between = BETWEEN } = {}): Promise<ParkingFollower> {
  const { store, bus, files, log, add, whileStarting } = context;
  const remover = add(await startRemover({ store, bus, files, log, ...(whileStarting ? { whileStarting } : {}) }), (it) => it.stop());
  const stopping = new AbortController();
  const { signal } = stopping;
  const twice = openFoundTwice();
  let isMarked = false;
  const sweeping = keepTrying({ name: 'media sweep', log, signal, backoff: 1_000 }, async (well) => {
    // A store that does not answer holds up no stop.
    if (!isMarked) await orAborted(markAtStart({ store, files }), signal);
    isMarked = true;
    await pause(first, undefined, { signal, ref: false });
    for (;;) {
      if (remover.active()) await orAborted(sweepOnce({ ...context, clock: Date.now, twice, signal }), signal);
      well();
      await pause(between, undefined, { signal, ref: false });
    }
  });
  add(sweeping, async (it) => {
    stopping.abort();
    await it;
  });
  return remover;
}

/** Marks what a process that was killed has received and not marked. Of a store that is not this log's the sweep tells. */
async function markAtStart(context: MarksContext): Promise<void> {
  try {
    await markUnmarked(context);
  } catch (error) {
    if (!(error instanceof FilesOfAnother)) throw error;
  }
}

/** Sweeps, and tells what was swept, or why nothing may be. */
async function sweepOnce(context: KeepContext & SweepContext): Promise<void> {
  try {
    told(context.log, await sweepMedia(context));
  } catch (error) {
    if (!(error instanceof FilesOfAnother)) throw error;
    context.log.error({ reason: error.message }, 'what files have left is not swept');
  }
}

function told(log: KeepContext['log'], swept: Awaited<ReturnType<typeof sweepMedia>>): void {
  if (Object.values(swept).some((number) => number > 0)) log.info({ swept }, 'what files had left was swept');
}
