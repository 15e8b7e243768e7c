/** The refusal of a request for which there is no place, and the two lines of the log about a crowd. */
import { ProblemError } from '../../contracts/problem.ts';

export class Crowded extends ProblemError {}

/** The longest that a refused client is asked to stay away, in seconds. */
const SPREAD = 3;

/** Makes a refusal without a stack: there may be thousands a second. Clients are asked to come back at different times. */
export function crowded(): Crowded {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  const after = 1 + Math.floor(Math.random() * SPREAD);
  const made = new Crowded('unavailable', 'Too much is asked of this at the moment. Try again.', { headers: { 'Retry-After': String(after) } });
  Error.stackTraceLimit = stackTraceLimit;
  return made;
}

/** Where crowds are told: the log, and a call for each request that is refused. */
export interface CrowdsTold {
  log: { warn(data: object, message: string): void; info(data: object, message: string): void };
  refused?(): void;
}

/** Milliseconds without a refusal after which a crowd is over. */
const QUIET = 10_000;

/** Makes the function that is called with the row of each request that is refused: the log has a line when a crowd begins, and one when it is over. */
export function tellCrowds({ log, refused }: CrowdsTold): (route: string) => void {
  let count = 0;
  let quiet: NodeJS.Timeout | undefined;

  function over(): void {
    log.info({ refused: count }, 'no request was refused for a while: the crowd is over');
    count = 0;
    quiet = undefined;
  }

  return (route) => {
    refused?.();
    if (count++ === 0) log.warn({ route }, 'too many requests: those for which there is no place are refused with 503 and Retry-After');
    quiet = quiet ? quiet.refresh() : setTimeout(over, QUIET).unref();
  };
}
