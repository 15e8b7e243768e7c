/** The patience of a start: what it needs and is away for a moment is tried again, before the start gives up. */
import { orAborted } from '../concurrency/abortable.ts';
import { UserError } from '../user-error.ts';
import { type AbsencesLog, absencesIn } from './absences.ts';
import { type Unavailable, unavailableIn } from './unavailable.ts';

/** Runs a step of a start, which may be run again from its beginning. Errors: those of the step that are no absence; UserError once its patience has ended. */
export type WhileStarting = <T>(step: () => Promise<T>) => Promise<T>;

export interface StartPatience {
  log: AbsencesLog;
  /** Ends the start. */
  signal: AbortSignal;
  /** The dependencies that the start waits for, which /readyz names. */
  waits: Set<string>;
  /** True for an absence that waiting does not end, as of a file that its owner does not give. */
  lasts(error: unknown): boolean;
  /** Milliseconds that a step may take from its first failure on; default 60,000. */
  patience?: number | undefined;
}

const PATIENCE = 60_000;
/** Milliseconds between two tries: the first pause, doubled up to the longest. */
const [FIRST, LONGEST] = [100, 1_000];

/**
 * Opens the patience of a start. A step that fails since something is away is tried again, after growing pauses; the log has one line when that goes and one
 * when it is back, as of every absence, and the error of a start that gives up says how long it waited for what.
 *
 *     const whileStarting = openStartPatience({ log, signal, waits, lasts: () => false });
 *     const keys = await whileStarting(() => loadKeys(secrets, config));
 */
export function openStartPatience({ log, signal, waits, lasts, patience = PATIENCE }: StartPatience): WhileStarting {
  const absences = absencesIn(log);

  /** The absence in an error that is worth another try; throws any other error. */
  function absenceIn(error: unknown): Unavailable {
    signal.throwIfAborted();
    const absence = unavailableIn(error);
    if (!absence || lasts(error)) throw error;
    absences.failed(error);
    return absence;
  }

  return async (step) => {
    let first: number | undefined;
    for (let wait = FIRST; ; wait = Math.min(2 * wait, LONGEST)) {
      const outcome = await step().then(
        (result) => ({ result }),
        (error: unknown) => ({ absence: absenceIn(error) }),
      );
      if ('result' in outcome) return outcome.result;
      const { absence } = outcome;
      first ??= performance.now();
      if (performance.now() + wait - first > patience) throw givingUp(absence, performance.now() - first);
      waits.add(absence.dependency);
      await orAborted(new Promise<void>((over) => void setTimeout(over, wait)), signal);
      waits.delete(absence.dependency);
      signal.throwIfAborted();
    }
  };
}

function givingUp(absence: Unavailable, waited: number): UserError {
  const { dependency, message } = absence;
  const words = `The start gives up: ${dependency} could not be used for ${Math.round(waited / 1_000)} s (${message}). Look there, and start again.`;
  return new UserError(words, { cause: absence });
}

/** For a follower that no start waits for: whatever is away is its caller's to hear. */
export const AT_ONCE: WhileStarting = (step) => step();
