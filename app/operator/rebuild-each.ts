/** Rebuilds of several read models, one after the other: one that fails stops no other one, and an answer that does not come is asked for again. */
import { setTimeout as delay } from 'node:timers/promises';
import { unavailableIn } from '../../platform/absences/unavailable.ts';
import { UserError } from '../../platform/user-error.ts';

/** Rebuilds all of these, each by `rebuild`. Error: UserError that names those that failed, and why, once all others are done. */
export async function rebuildEach(names: readonly string[], rebuild: (name: string) => Promise<void>): Promise<void> {
  const failed: string[] = [];
  for (const name of names) {
    try {
      await rebuild(name);
    } catch (error) {
      failed.push(`${name} (${error instanceof Error ? error.message : error})`);
    }
  }
  if (failed.length > 0) throw new UserError(`Not rebuilt: ${failed.join('; ')}. Try these again.`);
}

/** Milliseconds for which something that is away is asked again, and between two tries. */
const PATIENCE = 60_000;
const PAUSE = 500;

/** The answer of `ask`, which is asked again while what it needs is away: the rebuild goes on meanwhile. Errors: those of `ask`. */
export async function untilAnswered<T>(ask: () => Promise<T>, { patience = PATIENCE, pause = PAUSE } = {}): Promise<T> {
  for (const end = performance.now() + patience; ; await delay(pause)) {
    try {
      return await ask();
    } catch (error) {
      if (!unavailableIn(error) || performance.now() > end) throw error;
    }
  }
}
