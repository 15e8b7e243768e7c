/** Calls to a server that may be away: their errors become the port's, and some calls are tried again for a while. */
import { setTimeout as delay } from 'node:timers/promises';
import { isUnavailable } from './errors.ts';

export interface Calls {
  /** Tries once, for callers who want to know soon. */
  once<T>(work: () => Promise<T>): Promise<T>;
  /** Tries again for five seconds while the server is away, for work that may be repeated. */
  patiently<T>(work: () => Promise<T>): Promise<T>;
}

/** Milliseconds that `patiently` tries, and those between its tries: the first, doubled up to the longest. */
const CALL_PATIENCE = 5_000;
const [FIRST_WAIT, LONGEST_WAIT] = [50, 1_000];

/** Makes the calls of a port. `unavailable` makes the port's error of a server that is away; `closed` is why it is once `closing` has aborted. */
export function callsOf({ closing, closed, unavailable }: { closing: AbortSignal; closed: string; unavailable: (cause: unknown) => Error }): Calls {
  function meaning(error: unknown): unknown {
    if (closing.aborted) return unavailable(new Error(closed, { cause: error }));
    return isUnavailable(error) ? unavailable(error) : error;
  }

  async function once<T>(work: () => Promise<T>): Promise<T> {
    if (closing.aborted) throw unavailable(new Error(closed));
    try {
      return await work();
    } catch (error) {
      throw meaning(error);
    }
  }

  async function again<T>(work: () => Promise<T>, wait: number, deadline: number): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!isUnavailable(error) || performance.now() + wait > deadline) throw error;
    }
    await delay(wait, undefined, { signal: closing });
    return again(work, Math.min(wait * 2, LONGEST_WAIT), deadline);
  }

  return { once, patiently: (work) => once(() => again(work, FIRST_WAIT, performance.now() + CALL_PATIENCE)) };
}
