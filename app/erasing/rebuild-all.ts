/** Has every read model made anew, by whichever process feeds them, while the documents of before answer. */
import type { RequestState, Requests } from '../../platform/followers/requests.ts';
import { projectionNames } from '../../projections/status.ts';

const FOLLOWER = 'projections';
const ACTION = 'rebuild';

/** Milliseconds within which a process takes a request up that is there for it. */
const TAKEN_WITHIN = 10_000;
/** Milliseconds within which a process that carries one out gives a sign of life, several times over: after a kill the next one goes on. */
const ALIVE_WITHIN = 60_000;
/** Milliseconds between two lines that tell how far it is. */
const TELL_EVERY = 10_000;

export interface RebuildingAll {
  requests: Pick<Requests, 'ask' | 'last' | 'settled'>;
  signal: AbortSignal;
  /** Hears in words how far it is, now and then. */
  tell?(how: string): void;
  takenWithin?: number;
  aliveWithin?: number;
  tellEvery?: number;
}

/**
 * Makes all of them anew, by rebuilds that begin after this was called: one that runs already may have read what is erased since, and is waited for first.
 * Resolves to their number. However long they take, each is waited for as long as somebody carries it out. Error: one that names the read model which is
 * not made anew, and why: nobody takes it up, nobody goes on with it, or it failed.
 */
export async function rebuildAll({ requests, ...waiting }: RebuildingAll): Promise<number> {
  for (const [index, name] of projectionNames.entries()) {
    const place = `${index + 1} of ${projectionNames.length}`;
    const before = await requests.last(FOLLOWER, ACTION, name);
    if (before && !isOver(before)) await waited(before, `a rebuild of ${name} that had begun before is waited for (${place})`);
    const done = await waited(await requests.ask(FOLLOWER, ACTION, name), `the read model ${name} is being made anew (${place})`);
    if (done.state === 'failed') throw new Error(`the read model ${name} was not made anew: ${done.error}`);
  }
  return projectionNames.length;

  async function waited(request: RequestState, what: string): Promise<RequestState> {
    const { takenWithin = TAKEN_WITHIN, signal } = waiting;
    const taken = await requests.settled(FOLLOWER, request, within(takenWithin, signal), isTaken);
    if (!isTaken(taken)) throw new Error(`no process of the part projections takes up the rebuild of ${request.subject}`);
    return carriedOut(taken, what, { requests, ...waiting });
  }
}

/** Waits until a rebuild that somebody has taken up is over, and tells how far it is. Error: one that says that nobody goes on with it. */
async function carriedOut(taken: RequestState, what: string, waiting: RebuildingAll): Promise<RequestState> {
  const { requests, signal, tell = () => {}, aliveWithin = ALIVE_WITHIN, tellEvery = TELL_EVERY } = waiting;
  let [now, alive] = [taken, performance.now()];
  while (!isOver(now)) {
    if (signal.aborted) throw new Error(`the read model ${now.subject} is being made anew`);
    if (performance.now() - alive > aliveWithin) throw new Error(`nobody goes on with the rebuild of ${now.subject}: it gives no sign of life`);
    tell(toldOf(what, now));
    const next = await requests.settled(FOLLOWER, now, within(Math.min(tellEvery, aliveWithin), signal));
    if (signOfLife(next) !== signOfLife(now)) alive = performance.now();
    now = next;
  }
  return now;
}

function within(milliseconds: number, signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(milliseconds)]);
}

const isTaken = ({ state }: RequestState) => state !== 'waiting';
const isOver = ({ state }: RequestState) => state === 'done' || state === 'failed';

/** A text that is another one whenever somebody has carried a request on. */
function signOfLife({ state, report, beat }: RequestState): string {
  return JSON.stringify([state, report, beat]);
}

function toldOf(what: string, { report: { events } }: RequestState): string {
  return typeof events === 'number' ? `${what}; ${events} events were read` : what;
}
