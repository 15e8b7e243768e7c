/**
 * The caller of a verified token: is the session alive, does the user exist, which role do they have? Every request asks this, so the answer is
 * remembered for less than half a second, and forgotten at once when this process ends a session or changes a user. Processes with a cache between
 * them share answers that are less than half a second old; so the end of a session is seen by all within one second, whoever failed to tell of it.
 */
import { LRUCache } from 'lru-cache';
import type { Post } from '../../contracts/post.ts';
import { ProblemError } from '../../contracts/problem.ts';
import type { Role } from '../../contracts/role.ts';
import type { Caller } from '../../platform/http/route.ts';
import { type AccessTokens, type Claims, claimsOf, isFromTheFuture } from './access-tokens.ts';

/** What a user still has to do before anything else. */
export interface Lacking {
  /** True where the password was made for them, and they have chosen none. */
  ownPassword?: boolean;
  /** True where the role must have a second factor, and the user has none. */
  secondFactor?: boolean;
}

/** The user of a session, with their role. */
export interface SessionOwner {
  userId: string;
  role: Role;
  /** The posts that were set for them; missing where there are none. */
  posts?: readonly Post[];
  /** True where the e-mail address is confirmed. */
  confirmed: boolean;
  lacking?: Lacking;
}

export interface CallersOptions {
  tokens: AccessTokens;
  /** Resolves to the present user of a session of this user; null where the session has ended or its user is deleted. */
  lookUp(sessionId: string, userId: string): Promise<SessionOwner | null>;
  /** Called for each question that was answered without looking. */
  remembered?: (() => void) | undefined;
  seesAll(role: Role): boolean;
  /** What those may do whose address is not confirmed; missing: everything. */
  unconfirmed?: Caller['confined'] | undefined;
  now(): Date;
  /** The monotonic clock, in milliseconds; default performance.now. */
  clock?: (() => number) | undefined;
}

export interface Callers {
  /** Resolves to the caller of an access token, with its end in milliseconds since 1970. Error: ProblemError `unauthorized`. */
  authenticate(accessToken: string): Promise<Caller & { expiresAt: number }>;
  /** Resolves to the caller of verified claims. Error: ProblemError `unauthorized`. */
  callerOf(claims: unknown): Promise<Caller>;
  forgetSession(sessionId: string): void;
  forgetUser(userId: string): void;
}

/** Milliseconds for which an answer is remembered, from before it was asked for: for so long a process may not notice an end in another one. */
const REMEMBERED = 400;

export function openCallers(options: CallersOptions): Callers {
  const { tokens, lookUp, seesAll, unconfirmed, now, clock = () => performance.now(), remembered = () => {} } = options;
  const known = new LRUCache<string, SessionOwner & { until: number }>({ max: 20_000 });
  const asking = new Map<string, { asked: Promise<SessionOwner | null>; until: number }>();
  let forgotten = 0;

  function behind({ sid, sub }: Claims): SessionOwner | Promise<SessionOwner | null> {
    const entry = known.get(sid);
    if (entry && entry.until > clock()) {
      remembered();
      return entry;
    }
    const pending = asking.get(sid);
    return pending && pending.until > clock() ? pending.asked : ask(sid, sub);
  }

  /**
   * Looks a session up, for all who ask in the time for which the answer is remembered: what a slow look-up found is old when it is here. The answer
   * is not remembered where a session or user was forgotten meanwhile.
   */
  function ask(sessionId: string, userId: string): Promise<SessionOwner | null> {
    const before = forgotten;
    const until = clock() + REMEMBERED;
    const asked = lookUp(sessionId, userId)
      .then((found) => {
        // What somebody has to do first may be done in another process: who is bound is looked up each time.
        if (found && before === forgotten && !boundOf(found, unconfirmed).confined) known.set(sessionId, { ...found, until });
        return found;
      })
      .finally(() => {
        if (asking.get(sessionId)?.asked === asked) asking.delete(sessionId);
      });
    asking.set(sessionId, { asked, until });
    return asked;
  }

  async function callerOf(payload: unknown): Promise<Caller> {
    const claims = claimsOf(payload);
    if (claims && isFromTheFuture(claims, now())) throw invalidToken('The clock was set back since this access token was made. Refresh it.');
    const found = claims && (await behind(claims));
    if (!claims || !found || found.userId !== claims.sub) throw invalidToken('The session has ended. Log in again.');
    const { userId, role } = found;
    return { id: userId, role, seesAll: seesAll(role), ...postsIn(found), sessionId: claims.sid, ...boundOf(found, unconfirmed) };
  }

  function forget(sessionId: string): void {
    forgotten++;
    known.delete(sessionId);
    asking.delete(sessionId);
  }

  return {
    callerOf,
    authenticate: async (accessToken) => {
      const claims = tokens.verify(accessToken);
      if (!claims) throw invalidToken('The access token is not valid or has expired. Refresh it, or log in again.');
      return { ...(await callerOf(claims)), expiresAt: claims.exp * 1_000 };
    },
    forgetSession: forget,
    forgetUser: (userId) => {
      forgotten++;
      asking.clear();
      for (const [sessionId, entry] of known.entries()) if (entry.userId === userId) known.delete(sessionId);
    },
  };
}

function postsIn({ posts }: SessionOwner): Pick<Caller, 'posts'> {
  return posts ? { posts } : {};
}

/** The refusal of a token, with the header of RFC 6750, 3.1. */
export function invalidToken(detail: string): ProblemError {
  return new ProblemError('unauthorized', detail, { headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' } });
}

/**
 * The bound of an account whose address is not confirmed, where the installation has one, or whose owner has to do something else first; nothing for any
 * other. What is lacking is made up for in this order: an address that lets nobody do anything is confirmed (which sets a password, too), a password is
 * chosen, any other address confirmed, and a second factor set up, by who owns the account then.
 */
export function boundOf(
  { confirmed, lacking = {} }: Pick<SessionOwner, 'confirmed' | 'lacking'>,
  unconfirmed: Caller['confined'],
): Pick<Caller, 'confined'> {
  const bound = confirmed ? undefined : unconfirmed;
  if (bound === 'profile') return { confined: bound };
  if (lacking.ownPassword) return { confined: 'password' };
  if (lacking.secondFactor) return { confined: bound ? 'profile' : 'second-factor' };
  return bound ? { confined: bound } : {};
}
