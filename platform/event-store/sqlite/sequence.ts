/** Numbers that must follow each other without a gap: positions in the log, revisions in a stream. */
import { damaged } from './damage.ts';

export interface Sequence {
  /** Sets the number that must come first; without it any may. */
  expectNext(n: number): void;
  /** Takes the next number. Error: StoreDamaged when another one was due. */
  take(n: number): void;
  /** Ends the sequence: `n` is the first number that is not there. Error: StoreDamaged when another one was due; none where no number came. */
  endsBefore(n: number): void;
}

/** Makes a sequence. `missing` words the damage for a number that is not there. */
export function sequence(step: 1 | -1, missing: (n: number) => string): Sequence {
  let expected: number | undefined;
  const check = (n: number) => {
    if (expected !== undefined && n !== expected) throw damaged(missing(expected));
  };
  return {
    expectNext: (n) => {
      expected = n;
    },
    take: (n) => {
      check(n);
      expected = n + step;
    },
    endsBefore: check,
  };
}
