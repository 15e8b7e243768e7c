/**
 * Who is behind a verified token: session alive? user there? which role? This is on the path of every request,
 * so the answer is remembered for some seconds, and forgotten at once when this process ends a session or changes a user.
 */
import { LRUCache } from 'lru-cache';
import { ProblemError } from '../../contracts/problem.ts';
import type { Role } from '../../contracts/role.ts';
import type { Caller } from '../../platform/http/route.ts';
import { type AccessTokens, claimsOf } from './access-tokens.ts';

/** What is behind a session. */
export interface SessionOwner {
  userId: string;
  role: Role;
}

export interface CallersOptions {
  tokens: AccessTokens;
  /** What is behind a session now; null where it or its user is gone. */
  lookUp(sessionId: string): Promise<SessionOwner | null>;
  seesAll(role: Role): boolean;
  now(): Date;
}

export interface Callers {
  /** `expiresAt`: when the token ends, milliseconds since 1970. Error: ProblemError `unauthorized`. */
  authenticate(accessToken: string): Promise<Caller & { expiresAt: number }>;
  /** The caller of claims that were verified. Error: ProblemError `unauthorized`. */
  callerOf(claims: unknown): Promise<Caller>;
  forgetSession(sessionId: string): void;
  forgetUser(userId: string): void;
}

/** How long other processes may not notice an end. */
const REMEMBERED = 5_000;

export function openCallers({ tokens, lookUp, seesAll, now }: CallersOptions): Callers {
  const known = new LRUCache<string, SessionOwner & { until: number }>({ max: 20_000 });
  const asking = new Map<string, Promise<SessionOwner | null>>();
  let forgotten = 0;

  function behind(sessionId: string): SessionOwner | Promise<SessionOwner | null> {
    const entry = known.get(sessionId);
    if (entry && entry.until > now().getTime()) return entry;
    return asking.get(sessionId) ?? ask(sessionId);
  }

  /** One question at a time for a session. An answer that something was forgotten during is not remembered. */
  function ask(sessionId: string): Promise<SessionOwner | null> {
    const before = forgotten;
    const until = now().getTime() + REMEMBERED;
    const asked = lookUp(sessionId)
      .then((found) => {
        if (found && before === forgotten) known.set(sessionId, { ...found, until });
        return found;
      })
      .finally(() => {
        if (asking.get(sessionId) === asked) asking.delete(sessionId);
      });
    asking.set(sessionId, asked);
    return asked;
  }

  async function callerOf(payload: unknown): Promise<Caller> {
    const claims = claimsOf(payload);
    const found = claims && (await behind(claims.sid));
    if (!claims || !found || found.userId !== claims.sub) throw invalidToken('The session has ended. Log in again.');
    return { id: found.userId, role: found.role, seesAll: seesAll(found.role), sessionId: claims.sid };
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

/** RFC 6750, 3.1. */
export function invalidToken(detail: string): ProblemError {
  return new ProblemError('unauthorized', detail, { headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' } });
}
