/** The record of a session in the secrets: who, from where, since when, and the hashes of its refresh tokens. */
import type { SecretRecord } from './secrets/secrets.ts';

/** From where a session is used: the browser as it names itself, and the network address. */
export interface SessionOrigin {
  userAgent: string | null;
  ip: string;
}

/** A session as it is stored, with where it was last refreshed from. Times are ISO 8601, UTC. */
export interface Session extends SessionOrigin {
  userId: string;
  refreshHash: string;
  /** The hash of the token before; null until the first refresh. */
  previousHash: string | null;
  /** The salt with which the present token was made of the one before; null until the first refresh. */
  salt: string | null;
  rotatedAt: string;
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

/** The days after which sessions end by themselves: without being used, and at the latest. */
export interface SessionLimits {
  idleDays: number;
  mostDays: number;
}

const DAY = 24 * 3_600_000;

/** The record of a session as the secrets take it: it ends with whichever limit comes first. */
export function recordOfSession(id: string, value: Session, { idleDays, mostDays }: SessionLimits) {
  const end = Math.min(Date.parse(value.lastUsedAt) + idleDays * DAY, Date.parse(value.createdAt) + mostDays * DAY);
  return { key: id, value, owner: value.userId, expires: new Date(end).toISOString() };
}
