/** How something that works off a backlog gets on, as the watch over standstills (standstills.ts) asks it. */
import type { Position } from '../../contracts/message.ts';

export interface Pace {
  /** Its name in logs, metrics and /readyz: that of a follower, or of a read model. */
  readonly name: string;
  /** True while the work is this process's; false while it stands by for another process. */
  hasTurn(): boolean;
  /** True where there is something to do for it, in a log that ends at `head`. */
  isBehind(head: Position): boolean;
  /** A value that differs from the one before whenever it has got on meanwhile. */
  step(): unknown;
  /** The reason why it does not get on; undefined where it knows none. */
  trouble(): string | undefined;
}

/** A pace and what its owner tells it. */
export interface PaceMeter extends Pace {
  /** The work is this process's from now on. */
  begins(): void;
  /** It is not any more. */
  ends(): void;
  /** It has got on, or there is nothing to do. */
  well(): void;
  /** It failed, and begins again. */
  failed(error: unknown): void;
}

/**
 * Milliseconds for which a failure tells that the work is this process's, though it has not begun again: longer than the longest pause before a new
 * attempt. (One whose queue is declared otherwise never begins, and one that lost its turn fails once and stands by.)
 */
const FAILURE_COUNTS = 20_000;

/** Makes the meter of something that has no turn yet. */
export function paceMeter(name: string, isBehind: Pace['isBehind']): PaceMeter {
  let turn = false;
  let steps = 0;
  let failure: { reason: string; at: number } | undefined;
  return {
    name,
    hasTurn: () => turn || (failure !== undefined && performance.now() - failure.at < FAILURE_COUNTS),
    isBehind,
    step: () => steps,
    trouble: () => failure?.reason,
    begins: () => {
      turn = true;
    },
    ends: () => {
      turn = false;
    },
    well: () => {
      steps++;
      failure = undefined;
    },
    failed: (error) => {
      failure = { reason: error instanceof Error ? error.message : String(error), at: performance.now() };
    },
  };
}
