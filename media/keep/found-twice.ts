/**
 * What a sweep found to be left, remembered for the next one. The ages of files are compared with a clock that somebody may set, or that differs from the
 * store's: nothing goes that was not found an hour ago already, by a clock that nobody sets.
 */

export interface FoundTwice {
  /** True where the same was found an hour ago, or earlier, and in each sweep since. */
  again(what: string): boolean;
  /** Ends a sweep: what it did not find is forgotten. */
  endSweep(): void;
}

/** Milliseconds between the two: a sweep an hour later, whose timer may be a little early. */
const BETWEEN = 59 * 60_000;
/** Things remembered, at most; more wait for a later sweep. */
const MOST = 100_000;

/** Opens the memory, which is this process's alone. `now`: milliseconds that only grow. */
export function openFoundTwice(now: () => number = () => performance.now()): FoundTwice {
  let before = new Map<string, number>();
  let found = new Map<string, number>();
  return {
    again: (what) => {
      // A sweep that failed in the middle goes on with what it had found.
      const first = before.get(what) ?? found.get(what) ?? now();
      if (found.size < MOST) found.set(what, first);
      return now() - first >= BETWEEN;
    },
    endSweep: () => {
      before = found;
      found = new Map();
    },
  };
}
