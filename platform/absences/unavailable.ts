/** The one kind of error by which a port says that what it stands on is away. */

/**
 * A server cannot be reached, a disk refuses, more waits than may: what was asked for may work later. Each port has its own, which extends this one.
 * `message` is for the operator and may name a server; `answer` is for clients and names none.
 *
 *     export class ThingsUnavailable extends Unavailable {
 *       override readonly name = 'ThingsUnavailable';
 *       readonly dependency = 'the things';
 *       readonly answer = 'The things cannot be read right now. Try again.';
 *     }
 */
export abstract class Unavailable extends Error {
  /** The name of what is away, as logs and metrics have it: `the event store`. */
  abstract readonly dependency: string;
  /** The words for a client. */
  abstract readonly answer: string;
  /** Seconds after which a client is to try again. */
  readonly retryAfter: number = 1;
}

/** The most causes that are looked into, because an error may be its own. */
const DEEPEST = 5;

/** The Unavailable that an error is, or that caused it; undefined for any other error. */
export function unavailableIn(error: unknown): Unavailable | undefined {
  let at = error;
  for (let depth = 0; depth < DEEPEST && at instanceof Error; depth++) {
    if (at instanceof Unavailable) return at;
    at = at.cause;
  }
  return undefined;
}
