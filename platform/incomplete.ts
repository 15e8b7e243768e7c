/**
 * Aggregates whose stream is not known as a whole: it holds an event that this release does not know (invariant 17), or an operator of the event store
 * took its beginning away. Nothing is decided on what is only half known.
 */
import { ProblemError } from '../contracts/problem.ts';
import type { Loaded } from './command-handler.ts';
import { BeginningGone } from './event-store/beginning.ts';
import type { StreamGone } from './event-store/event-store.ts';

/** Seconds after which a client is to try again: an upgrade takes minutes, not moments. */
const RETRY_AFTER = '60';

/** Throws ProblemError for a state that lacks an event: `unavailable`, or 410 where the event will never be there. */
export function refuseIncomplete({ missing }: Loaded<unknown>): void {
  if (!missing) return;
  if (missing instanceof BeginningGone) throw gone(`Nothing can be decided: ${missing.message}.`, missing);
  const { type, schema } = missing.shape;
  const why = `An event that this depends on, ${type} of shape ${schema}, was written by a newer release than this one.`;
  throw new ProblemError('unavailable', `${why} Nothing was recorded: upgrade this one, then try again.`, {
    headers: { 'Retry-After': RETRY_AFTER },
    cause: missing,
  });
}

/** The refusal of what an operator of the event store deleted for good. */
export function deletedForGood(cause: StreamGone | undefined): ProblemError {
  return gone('An operator of the event store deleted this for good. Nothing was recorded.', cause);
}

function gone(detail: string, cause: unknown): ProblemError {
  return new ProblemError('not_found', detail, { status: 410, cause });
}
