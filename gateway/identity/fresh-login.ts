/**
 * Fresh logins: what does great harm in the hands of somebody who found a screen unlocked, or has a stolen access token, wants that its caller
 * proved lately who they are: by logging in, by changing the password, or by `POST /api/me/proof`.
 */
import { LRUCache } from 'lru-cache';
import { FRESH_LOGIN_NEEDED, ProblemError } from '../../contracts/problem.ts';
import type { Caller } from '../../platform/http/route.ts';
import { OPERATOR } from '../operator.ts';
import type { SessionRecord, Sessions } from './sessions.ts';

/** The minutes for which a proof of who somebody is stays good. */
export const FRESH_MINUTES = 10;

export interface Proofs {
  /** The time of a proof that is given now (ISO 8601), as the session keeps it. */
  given(sessionId: string): string;
  /** True where the session's owner gave a proof within FRESH_MINUTES. */
  isFresh(session: SessionRecord): boolean;
}

/** Opens the ages of proofs: this process measures those it was given by its monotonic clock, and others by the time that the session keeps. */
export function openProofs({ now, clock }: { now(): Date; clock(): number }): Proofs {
  const givenHere = new LRUCache<string, number>({ max: 10_000 });
  return {
    given: (sessionId) => {
      const provedAt = now().toISOString();
      givenHere.set(`${sessionId} ${provedAt}`, clock());
      return provedAt;
    },
    isFresh: ({ key, value }) => {
      const { provedAt = value.createdAt } = value;
      const here = givenHere.get(`${key} ${provedAt}`);
      const ago = here === undefined ? now().getTime() - Date.parse(provedAt) : clock() - here;
      return Math.abs(ago) <= FRESH_MINUTES * 60_000;
    },
  };
}

/**
 * Refuses a caller who has not proved lately who they are; the operator has, by reading the data folder.
 * Error: ProblemError `forbidden` of the type FRESH_LOGIN_NEEDED, which says what to do.
 *
 *     await expectFreshLogin(sessions, callerIn(caller));
 */
export async function expectFreshLogin(sessions: Pick<Sessions, 'isFresh'>, { id, sessionId }: Caller): Promise<void> {
  if (id === OPERATOR.id || (await sessions.isFresh(sessionId))) return;
  throw new ProblemError(
    'forbidden',
    `This wants a proof of who you are that is at most ${FRESH_MINUTES} minutes old: give your password to POST /api/me/proof, or log in again.`,
    { type: FRESH_LOGIN_NEEDED },
  );
}
