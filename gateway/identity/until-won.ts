/** Changes of what the secrets keep, at the version that was read: each is tried again where another one was faster. */
import { ProblemError } from '../../contracts/problem.ts';

/** Races that may be lost. Each means that another one won. */
const RACES = 20;

/**
 * Repeats a change until it won its race, which it says by anything but undefined. Error: ProblemError `unavailable` after many lost ones; `what` is changed
 * then, as the subject of a sentence: `This session is`.
 */
export async function untilWon<T>(what: string, change: () => Promise<T | undefined>): Promise<T> {
  for (let race = 0; race < RACES; race++) {
    const done = await change();
    if (done !== undefined) return done;
  }
  throw new ProblemError('unavailable', `${what} changed by many at once. Try again.`, { headers: { 'Retry-After': '1' } });
}
