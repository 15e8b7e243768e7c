/**
 * The uploads that this process has in hand. A request may end before what it began, so the end of the process tells them to end, too, and waits for
 * them: none goes on after the stores are closed, and none is recorded that was not stored whole.
 *
 *     const atHand = add(openAtHand(), (it) => it.close());
 *     await atHand.run((ending) => received(file, ending));
 */
import { ProblemError } from '../../contracts/problem.ts';

export interface AtHand {
  /** Does a piece of work, which is to end soon after the signal aborts. Errors: those of the work; ProblemError `unavailable` once this is closed. */
  run<T>(work: (ending: AbortSignal) => Promise<T>): Promise<T>;
  /** Takes no more work, tells what is in hand to end, and waits for it. */
  close(): Promise<void>;
}

/** Opens it with nothing in hand. */
export function openAtHand(): AtHand {
  const ending = new AbortController();
  const works = new Set<Promise<unknown>>();
  return {
    run: async (work) => {
      ending.signal.throwIfAborted();
      const one = work(ending.signal);
      works.add(one);
      try {
        return await one;
      } finally {
        works.delete(one);
      }
    },
    close: async () => {
      ending.abort(new ProblemError('unavailable', 'This process is being stopped. Send it again.', { headers: { 'Retry-After': '1' } }));
      await Promise.allSettled(works);
    },
  };
}
