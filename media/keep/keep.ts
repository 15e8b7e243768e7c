/** Keeps the store of files tidy: removes what was deleted, and sweeps what was left. */
import { setTimeout as pause } from 'node:timers/promises';
import { orAborted } from '../../platform/concurrency/abortable.ts';
import { keepTrying } from '../../platform/concurrency/keep-trying.ts';
import type { ParkingFollower } from '../../platform/followers/follow-parking.ts';
import type { MediaContext } from '../context.ts';
import { openFoundTwice } from './found-twice.ts';
import { FilesOfAnother } from './marks.ts';
import { startRemover } from './remover.ts';
import { type SweepContext, sweepMedia } from './sweep.ts';

/** Milliseconds after a start until the first sweep, and between two. */
const FIRST = 60_000;
const BETWEEN = 3_600_000;

type KeepContext = Pick<MediaContext, 'store' | 'bus' | 'files' | 'commands' | 'readModels' | 'settings' | 'log' | 'add' | 'whileStarting'>;

/** Starts both. Of several processes the one whose remover is active sweeps. */
export async function startKeeping(context: KeepContext): Promise<ParkingFollower> {
  const { store, bus, files, log, add, whileStarting } = context;
  const remover = add(await startRemover({ store, bus, files, log, ...(whileStarting ? { whileStarting } : {}) }), (it) => it.stop());
  const stopping = new AbortController();
  const { signal } = stopping;
  const twice = openFoundTwice();
  const sweeping = keepTrying({ name: 'media sweep', log, signal, backoff: 1_000 }, async (well) => {
    await pause(FIRST, undefined, { signal, ref: false });
    for (;;) {
      // A store that does not answer holds up no stop.
      if (remover.active()) await orAborted(sweepOnce({ ...context, clock: Date.now, twice, signal }), signal);
      well();
      await pause(BETWEEN, undefined, { signal, ref: false });
    }
  });
  add(sweeping, async (it) => {
    stopping.abort();
    await it;
  });
  return remover;
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
