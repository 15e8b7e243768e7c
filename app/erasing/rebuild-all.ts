/** Has every read model made anew, by whichever process feeds them, while the documents of before answer. */
import type { RequestState, Requests } from '../../platform/followers/requests.ts';
import { projectionNames } from '../../projections/status.ts';

const FOLLOWER = 'projections';
const ACTION = 'rebuild';

/** Milliseconds within which a process takes a request up that is there for it. */
const TAKEN_WITHIN = 10_000;

/**
 * Makes all of them anew, by rebuilds that begin after this was called: one that runs already may have read what is erased since, and is waited for first.
 * Resolves to their number. Error: one that names the read model which is not made anew, and why.
 */
export async function rebuildAll(requests: Pick<Requests, 'ask' | 'last' | 'settled'>, signal: AbortSignal): Promise<number> {
  for (const name of projectionNames) {
    const before = await requests.last(FOLLOWER, ACTION, name);
    if (before && !isOver(before)) await waited(before);
    const done = await waited(await requests.ask(FOLLOWER, ACTION, name));
    if (done.state === 'failed') throw new Error(`the read model ${name} was not made anew: ${done.error}`);
  }
  return projectionNames.length;

  /** A rebuild takes as long as its log; whoever carries it out may be killed, and the next one does. */
  async function waited(request: RequestState): Promise<RequestState> {
    const taken = await requests.settled(FOLLOWER, request, AbortSignal.any([signal, AbortSignal.timeout(TAKEN_WITHIN)]), isTaken);
    if (!isTaken(taken)) throw new Error(`no process of the part projections takes up the rebuild of ${request.subject}`);
    const now = await requests.settled(FOLLOWER, taken, signal);
    if (isOver(now)) return now;
    throw new Error(`the read model ${request.subject} is being made anew`);
  }
}

const isTaken = ({ state }: RequestState) => state !== 'waiting';
const isOver = ({ state }: RequestState) => state === 'done' || state === 'failed';
