/**
 * Fresh logins: what does great harm in the hands of somebody who found a screen unlocked, or has a stolen access token, wants that its caller
 * proved lately who they are: by logging in, by changing the password, or by `POST /api/me/proof`.
 */
import { FRESH_LOGIN_NEEDED, ProblemError } from '../../contracts/problem.ts';
import type { Caller } from '../../platform/http/route.ts';
import { OPERATOR } from '../operator.ts';
import type { Sessions } from './sessions.ts';

/** The minutes for which a proof of who somebody is stays good. */
export const FRESH_MINUTES = 10;

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
    `This wants a proof of who you are that is at most ${FRESH_MINUTES} minutes old: give your password, and a code where you have a second factor, to POST /api/me/proof, or log in again.`,
    { type: FRESH_LOGIN_NEEDED },
  );
}
