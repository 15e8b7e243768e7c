/**
 * A lease in the hands of its worker: it is renewed for as long as its attempt is alive. So a worker that dies gives its item up when the lease is
 * over, and yet an attempt may take much longer than a lease.
 *
 *     const held = holdLease({ lease: 120_000, longest: 1_680_000, since, ending, now, clock, renew: (next) => recorded(next) });
 *     if (await held.isSure()) await send(held.over);
 *     held.letGo();
 */
import { setTimeout as delay } from 'node:timers/promises';

export interface LeaseTerms {
  /** Milliseconds that a lease lasts from its last renewal on. */
  lease: number;
  /** Milliseconds that the attempt may take in all. */
  longest: number;
  /** The time at which the lease was asked for, by `clock`. */
  since: number;
  /** Aborted when the process must end. */
  ending: AbortSignal;
  now(): Date;
  /** A clock that nobody sets and that goes on while the machine sleeps, in milliseconds. */
  clock(): number;
  /** Records another end of the lease. False where it is lost, as to another worker. Rejects where the event store could not be asked. */
  renew(until: string): Promise<boolean>;
}

export interface HeldLease {
  /** Aborts when the attempt must end; its reason, an Error, says why. */
  readonly over: AbortSignal;
  /** True where the lease is gone, or is over and could not be renewed: another worker may have the item. */
  isLost(): boolean;
  /** True once it is sure that the lease holds for half of its length: after a sleep it is renewed for that. */
  isSure(): Promise<boolean>;
  /** Ends the renewals. */
  letGo(): void;
}

/** Renewals in the time of one lease: two may fail before it is over. */
const RENEWALS = 3;
/** Milliseconds until a renewal that could not be recorded is tried again, at most. */
const LONGEST_PAUSE = 2_000;

/** Takes the lease that was recorded just now into hand. Only what is recorded is the time of day. */
export function holdLease({ lease, longest, since: asked, ending, now, clock, renew }: LeaseTerms): HeldLease {
  const over = new AbortController();
  const done = new AbortController();
  let since = asked;
  let renewing: Promise<void> | undefined;
  let isLost = false;

  const endAttempt = (why: string) => over.abort(new Error(why));
  const lose = (why: string) => {
    isLost = true;
    endAttempt(why);
  };
  const atEnd = () => endAttempt('its worker had to end');
  const tooLong = setTimeout(() => endAttempt(`it took longer than ${longest} ms`), longest);
  let renewal = setTimeout(again, lease / RENEWALS);
  ending.addEventListener('abort', atEnd, { once: true });
  if (ending.aborted) atEnd();

  function again(): Promise<void> {
    renewing ??= renewNow().finally(() => {
      renewing = undefined;
    });
    return renewing;
  }

  /** Renews the lease, trying until that is answered or the lease is over. A repeat asks for the same end, so that it is the same command. */
  async function renewNow(): Promise<void> {
    clearTimeout(renewal);
    const renewed = clock();
    const next = new Date(now().getTime() + lease).toISOString();
    const answer = await answerTo(() => renew(next));
    if (answer !== undefined) answered(answer, renewed);
  }

  /** The answer to a renewal, asked for until there is one; undefined where the lease is over, or let go, before. */
  async function answerTo(ask: () => Promise<boolean>, wait = 100): Promise<boolean | undefined> {
    const answer = await ask().catch(() => undefined);
    if (answer !== undefined) return answer;
    // Only now: a process that stood still for long may well have its lease yet, if it asks.
    if (clock() - since > lease) lose('its lease was over, and could not be renewed');
    if (isLost || done.signal.aborted) return undefined;
    await delay(wait, undefined, { signal: done.signal }).catch(() => {});
    return answerTo(ask, Math.min(wait * 2, LONGEST_PAUSE));
  }

  function answered(answer: boolean, renewed: number): void {
    if (isLost || done.signal.aborted) return;
    if (!answer) {
      lose('another worker had it, or it was cancelled, before its lease was renewed');
      return;
    }
    since = renewed;
    renewal = setTimeout(again, lease / RENEWALS);
  }

  const isFresh = () => clock() - since <= lease / 2;
  return {
    over: over.signal,
    isLost: () => isLost,
    isSure: async () => {
      if (!isFresh()) await again();
      return !over.signal.aborted;
    },
    letGo: () => {
      done.abort();
      clearTimeout(tooLong);
      clearTimeout(renewal);
      ending.removeEventListener('abort', atEnd);
    },
  };
}
