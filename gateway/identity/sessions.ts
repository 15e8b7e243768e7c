/** Sessions: a login makes one, refreshing keeps it alive, and an end is final. Only hashes of tokens are stored. */
import { randomUUID } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { ProblemError } from '../../contracts/problem.ts';
import { invalidToken } from './callers.ts';
import { openProofs } from './fresh-login.ts';
import { formatRefreshToken, hashOf, nextSecret, parseRefreshToken, type RefreshToken, randomSecret, same } from './refresh-tokens.ts';
import type { SecretRecord, Secrets } from './secrets/secrets.ts';
import type { EndReason, SessionEnds } from './session-ends.ts';

/** A session as it is stored. Times are ISO 8601, UTC. */
export interface Session {
  userId: string;
  refreshHash: string;
  /** The hash of the token before; null until the first refresh. */
  previousHash: string | null;
  /** The salt with which the present token was made of the one before; null until the first refresh. */
  salt: string | null;
  rotatedAt: string;
  userAgent: string | null;
  ip: string;
  createdAt: string;
  lastUsedAt: string;
  /** When its owner last proved who they are; missing in sessions of older releases: when it was made. */
  provedAt?: string;
}

export type SessionRecord = SecretRecord<Session>;

/** A session with the token that keeps it alive. */
export interface OpenSession {
  id: string;
  userId: string;
  refreshToken: string;
}

export interface SessionsOptions {
  secrets: Secrets;
  ends: SessionEnds;
  hmac(text: string): string;
  /** True where the user exists. */
  exists(userId: string): Promise<boolean>;
  now(): Date;
  /** The monotonic clock, in milliseconds; default performance.now. */
  clock?: (() => number) | undefined;
}

export interface Sessions {
  start(userId: string, from: { userAgent: string | null; ip: string }): Promise<OpenSession>;
  /** Exchanges a token for the next one. Error: ProblemError `unauthorized`; a token that was used before ends its session. */
  refresh(refreshToken: string): Promise<OpenSession>;
  /** Resolves to a session; null where it has ended. */
  get(id: string): Promise<SessionRecord | null>;
  /** Resolves to a user's sessions, the last used first. */
  list(userId: string): Promise<SessionRecord[]>;
  /** Notes that the session's owner proves now who they are. Error: ProblemError `unauthorized` where it has ended. */
  prove(id: string): Promise<void>;
  /** True where the session's owner proved within FRESH_MINUTES who they are. */
  isFresh(id: string): Promise<boolean>;
  end(session: SessionRecord, reason: EndReason): Promise<void>;
  /** Ends all of a user's sessions but one. */
  endAll(userId: string, reason: EndReason, except?: string): Promise<void>;
}

const LIFE = 30 * 24 * 3_600_000;
/** Milliseconds for which the token before is still taken, so that a lost answer, or two tabs, log nobody out. */
const GRACE = 10_000;
export const MOST_SESSIONS = 50;
/** The number of lost races after which a refresh, or a proof, is refused. Each means that another one won. */
const RACES = 20;

export function openSessions({ secrets, ends, hmac, exists, now, clock = () => performance.now() }: SessionsOptions): Sessions {
  /** When this process last renewed the token of a session, by the monotonic clock. */
  const rotated = new LRUCache<string, number>({ max: 10_000 });
  const proofs = openProofs({ now, clock });
  const record = (id: string, value: Session) => ({
    key: id,
    value,
    owner: value.userId,
    expires: new Date(Date.parse(value.lastUsedAt) + LIFE).toISOString(),
  });

  async function start(userId: string, from: { userAgent: string | null; ip: string }): Promise<OpenSession> {
    const id = randomUUID();
    const secret = randomSecret();
    const time = now().toISOString();
    const made = {
      refreshHash: hashOf(secret),
      previousHash: null,
      salt: null,
      rotatedAt: time,
      createdAt: time,
      lastUsedAt: time,
      provedAt: proofs.given(id),
    };
    await secrets.put('sessions', record(id, { userId, ...from, ...made }), 0);
    await trim(userId, id);
    return { id, userId, refreshToken: formatRefreshToken({ sessionId: id, secret }, hmac) };
  }

  /** Ends the sessions unused for longest where there are more than MOST_SESSIONS, but never the newest. */
  async function trim(userId: string, newest: string): Promise<void> {
    const others = (await list(userId)).filter((one) => one.key !== newest);
    for (const one of others.slice(MOST_SESSIONS - 1)) await end(one, 'revoked');
  }

  async function refresh(text: string): Promise<OpenSession> {
    const token = parseRefreshToken(text, hmac);
    if (!token) throw invalidToken('The refresh token is not valid. Log in again.');
    for (let race = 0; race < RACES; race++) {
      const session = await alive(token.sessionId);
      const secret = await advance(session, token);
      if (secret) return { id: session.key, userId: session.value.userId, refreshToken: formatRefreshToken({ ...token, secret }, hmac) };
    }
    throw crowded();
  }

  async function prove(id: string): Promise<void> {
    for (let race = 0; race < RACES; race++) {
      const session = await get(id);
      if (!session) throw invalidToken('The session has ended. Log in again.');
      if (await secrets.put('sessions', record(id, { ...session.value, provedAt: proofs.given(id) }), session.version)) return;
    }
    throw crowded();
  }

  async function isFresh(id: string): Promise<boolean> {
    const session = await get(id);
    return session !== null && proofs.isFresh(session);
  }

  async function alive(id: string): Promise<SessionRecord> {
    const session = await get(id);
    if (!session) throw invalidToken('The session has ended. Log in again.');
    if (await exists(session.value.userId)) return session;
    await end(session, 'deleted');
    throw invalidToken('This user is not there any more.');
  }

  /** The secret that follows the token's; null when another refresh was faster. A token that was used before ends the session. */
  async function advance(session: SessionRecord, { secret }: RefreshToken): Promise<string | null> {
    const { value } = session;
    const hash = hashOf(secret);
    if (same(hash, value.refreshHash)) return rotate(session, secret);
    const repeated = value.previousHash !== null && value.salt !== null && same(hash, value.previousHash);
    if (repeated && isRecent(session)) return nextSecret(secret, value.salt ?? '');
    await end(session, 'reused');
    throw invalidToken('This refresh token was used before: somebody may have a copy. The session has ended. Log in again.');
  }

  async function rotate({ key, value, version }: SessionRecord, secret: string): Promise<string | null> {
    const salt = randomSecret();
    const next = nextSecret(secret, salt);
    const time = now().toISOString();
    const renewed = { ...value, refreshHash: hashOf(next), previousHash: hashOf(secret), salt, rotatedAt: time, lastUsedAt: time };
    if (!(await secrets.put('sessions', record(key, renewed), version))) return null;
    rotated.set(key, clock());
    return next;
  }

  /** True where the token was renewed within GRACE: as this process remembers, else by the time that another one noted. */
  function isRecent({ key, value }: SessionRecord): boolean {
    const here = rotated.get(key);
    const ago = here === undefined ? now().getTime() - Date.parse(value.rotatedAt) : clock() - here;
    return Math.abs(ago) <= GRACE;
  }

  function get(id: string): Promise<SessionRecord | null> {
    return secrets.get<Session>('sessions', id);
  }

  async function list(userId: string): Promise<SessionRecord[]> {
    const all = await secrets.list<Session>('sessions', userId);
    return all.toSorted((a, b) => (a.value.lastUsedAt < b.value.lastUsedAt ? 1 : -1));
  }

  /** Deletes a session, then records its end, so that it does not live on where the log cannot be written. */
  async function end(session: SessionRecord, reason: EndReason): Promise<void> {
    await secrets.delete('sessions', session.key);
    await ends.ended({ id: session.key, userId: session.value.userId, reason });
  }

  async function endAll(userId: string, reason: EndReason, except?: string): Promise<void> {
    for (const one of await list(userId)) if (one.key !== except) await end(one, reason);
  }

  return { start, refresh, get, list, prove, isFresh, end, endAll };
}

function crowded(): ProblemError {
  return new ProblemError('unavailable', 'This session is being refreshed by many at once. Try again.', { headers: { 'Retry-After': '1' } });
}
