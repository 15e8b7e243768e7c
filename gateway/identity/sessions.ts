/** Sessions: a login makes one, refreshing keeps it alive, and an end is final. Only hashes of tokens are stored. */
import { randomUUID } from 'node:crypto';
import { openAges } from './ages.ts';
import { FRESH_MINUTES } from './fresh-login.ts';
import { formatRefreshToken, hashOf, randomSecret } from './refresh-tokens.ts';
import type { Secrets } from './secrets/secrets.ts';
import type { EndReason, SessionEnds } from './session-ends.ts';
import { type OpenSession, recordOfSession, type Session, type SessionLimits, type SessionOrigin, type SessionRecord } from './session-record.ts';
import { openRefreshing, sessionEnded } from './session-refresh.ts';
import { untilWon } from './until-won.ts';

export interface SessionsOptions {
  secrets: Secrets;
  ends: SessionEnds;
  hmac(text: string): string;
  /** True where the user exists. */
  exists(userId: string): Promise<boolean>;
  /** Default: 30 days unused, 90 at the latest. */
  limits?: SessionLimits | undefined;
  now(): Date;
  /** The monotonic clock, in milliseconds; default performance.now. */
  clock?: (() => number) | undefined;
}

export interface Sessions {
  /** Makes a session. `provedAt`: when its owner showed who they are, where that was not now (ISO 8601). */
  start(userId: string, from: SessionOrigin, provedAt?: string): Promise<OpenSession>;
  /** Exchanges a token for the next one. Error: ProblemError `unauthorized`; a token whose successor was used ends its session. */
  refresh(refreshToken: string, from?: SessionOrigin): Promise<OpenSession>;
  /** Resolves to a session; null where it has ended. */
  get(id: string): Promise<SessionRecord | null>;
  /** Resolves to those of these sessions' ids that have ended. */
  endedAmong(ids: readonly string[]): Promise<string[]>;
  /** Resolves to a user's sessions, the last used first. */
  list(userId: string): Promise<SessionRecord[]>;
  /** Notes that the session's owner proves now who they are. Error: ProblemError `unauthorized` where it has ended. */
  prove(id: string): Promise<void>;
  /** True where the session's owner proved within FRESH_MINUTES who they are. */
  isFresh(id: string): Promise<boolean>;
  /** True where the session was made within FRESH_MINUTES. */
  isNew(id: string): Promise<boolean>;
  /** Ends a session; `by` names who does where that is neither its owner nor the system. */
  end(session: SessionRecord, reason: EndReason, by?: string): Promise<void>;
  /** Ends all of a user's sessions but one (`except`, its id), and whatever was on its way to become one. */
  endAll(userId: string, reason: EndReason, more?: { except?: string; by?: string }): Promise<void>;
  /** Resolves to a text that changes with each `endAll` of a user, before the first session ends: what began under another one makes no session. */
  epoch(userId: string): Promise<string>;
  /** Forgets a user whose sessions have ended, and who is there no more. */
  forget(userId: string): Promise<void>;
}

const USUAL: SessionLimits = { idleDays: 30, mostDays: 90 };

export const MOST_SESSIONS = 50;

const epochKey = (userId: string) => `epoch ${userId}`;

export function openSessions({ secrets, ends, hmac, exists, limits = USUAL, now, clock = () => performance.now() }: SessionsOptions): Sessions {
  const ages = openAges({ now, clock });
  const put = (id: string, value: Session, version: number) => secrets.put('sessions', recordOfSession(id, value, limits), version);
  const refresh = openRefreshing({ get, put, end, exists, hmac, ages });

  async function start(userId: string, from: SessionOrigin, provedAt?: string): Promise<OpenSession> {
    const id = randomUUID();
    const secret = randomSecret();
    const time = ages.note(id);
    const times = { rotatedAt: time, createdAt: time, lastUsedAt: time, provedAt: provedAt ?? time };
    await put(id, { userId, ...from, refreshHash: hashOf(secret), previousHash: null, salt: null, ...times }, 0);
    await trim(userId, id);
    return { id, userId, refreshToken: formatRefreshToken({ sessionId: id, secret }, hmac) };
  }

  /** Ends the sessions unused for longest where there are more than MOST_SESSIONS, but never the newest. */
  async function trim(userId: string, newest: string): Promise<void> {
    const others = (await list(userId)).filter((one) => one.key !== newest);
    for (const one of others.slice(MOST_SESSIONS - 1)) await end(one, 'revoked');
  }

  function get(id: string): Promise<SessionRecord | null> {
    return secrets.get<Session>('sessions', id);
  }

  async function endedAmong(ids: readonly string[]): Promise<string[]> {
    const present = new Set(await secrets.present('sessions', ids));
    return ids.filter((id) => !present.has(id));
  }

  async function list(userId: string): Promise<SessionRecord[]> {
    const all = await secrets.list<Session>('sessions', userId);
    return all.toSorted((a, b) => (a.value.lastUsedAt < b.value.lastUsedAt ? 1 : -1));
  }

  async function prove(id: string): Promise<void> {
    await untilWon('This session is', async () => {
      const session = await get(id);
      if (!session) throw sessionEnded();
      return (await put(id, { ...session.value, provedAt: ages.note(id) }, session.version)) || undefined;
    });
  }

  async function isFresh(id: string): Promise<boolean> {
    const session = await get(id);
    return session !== null && ages.of(id, session.value.provedAt ?? session.value.createdAt) <= FRESH_MINUTES * 60_000;
  }

  async function isNew(id: string): Promise<boolean> {
    const session = await get(id);
    return session !== null && ages.of(id, session.value.createdAt) <= FRESH_MINUTES * 60_000;
  }

  /** Deletes a session, then records its end, so that it does not live on where the log cannot be written. */
  async function end(session: SessionRecord, reason: EndReason, by?: string): Promise<void> {
    await secrets.delete('sessions', session.key);
    await ends.ended({ id: session.key, userId: session.value.userId, reason, ...(by === undefined ? {} : { by }) });
  }

  async function endAll(userId: string, reason: EndReason, { except, by }: { except?: string; by?: string } = {}): Promise<void> {
    await secrets.put('ways-in', { key: epochKey(userId), value: randomUUID(), owner: userId });
    for (const one of await list(userId)) if (one.key !== except) await end(one, reason, by);
  }

  async function epoch(userId: string): Promise<string> {
    return (await secrets.get<string>('ways-in', epochKey(userId)))?.value ?? '';
  }

  const forget = (userId: string) => secrets.delete('ways-in', epochKey(userId));

  return { start, refresh, get, endedAmong, list, prove, isFresh, isNew, end, endAll, epoch, forget };
}
