/** Aggregates whose stream holds an event that this release does not know (invariant 17): nothing is decided on what is only half known. */
import { ProblemError } from '../contracts/problem.ts';
import type { Loaded } from '../platform/command-handler.ts';

/** Seconds after which a client is to try again: an upgrade takes minutes, not moments. */
const RETRY_AFTER = '60';

/** Throws ProblemError `unavailable` for a state that lacks an event. */
export function refuseIncomplete({ missing }: Loaded<unknown>): void {
  if (!missing) return;
  const { type, schema } = missing.shape;
  const why = `An event that this depends on, ${type} of shape ${schema}, was written by a newer release than this one.`;
  throw new ProblemError('unavailable', `${why} Nothing was recorded: upgrade this one, then try again.`, {
    headers: { 'Retry-After': RETRY_AFTER },
    cause: missing,
  });
}
