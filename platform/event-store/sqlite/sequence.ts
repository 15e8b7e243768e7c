/** Numbers that must follow each other without a gap: positions in the log, revisions in a stream. */
import { damaged } from './damage.ts';

export interface Sequence {
  /** Says which number comes first; without it any may. */
  expectNext(n: number): void;
  /** The next number. Error: StoreDamaged when another one was due. */
  take(n: number): void;
  /** There are no more: `n` is the one that is not there. Error: StoreDamaged when another one was due. Nothing to say where none came. */
  endsBefore(n: number): void;
}

/** `missing` says what it means that a number is not there. */
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
