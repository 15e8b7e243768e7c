/** Signals that end a process, heard by a command that has something to put in order first. */
import { UserError } from '../../platform/user-error.ts';

const ENDS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The hearing of signals, until `end`. */
export interface Interruption {
  /** Aborts at the first signal, with the error that `check` throws. */
  readonly signal: AbortSignal;
  /** Error: `UserError` once there was a signal. */
  check(): void;
  end(): void;
}

/**
 * Hears the first signal that ends a process, so that what is half done is removed first; a second one ends the process at once. `said`: the line about it,
 * of the name of the signal.
 */
function hearSignals(said: (signal: NodeJS.Signals) => string): Interruption {
  const heard = new AbortController();
  const end = () => {
    for (const signal of ENDS) process.off(signal, hear);
  };
  function hear(signal: NodeJS.Signals): void {
    end();
    heard.abort(new UserError(said(signal)));
  }
  for (const signal of ENDS) process.on(signal, hear);
  return {
    signal: heard.signal,
    check: () => heard.signal.throwIfAborted(),
    end,
  };
}

/**
 * Does something that a signal interrupts. Errors: those of the work, which is given the interruption; `UserError` as above.
 *
 *     await interruptibly((signal) => `The backup was interrupted (${signal}); nothing of it is left.`, ({ signal }) => copyFiles(source, target, signal));
 */
export async function interruptibly<T>(said: (signal: NodeJS.Signals) => string, work: (interruption: Interruption) => Promise<T>): Promise<T> {
  const interruption = hearSignals(said);
  try {
    return await work(interruption);
  } finally {
    interruption.end();
  }
}
