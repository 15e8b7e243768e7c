/** The record of a session in the secrets: who, from where, since when, and the hashes of its refresh tokens. */
import type { SecretRecord } from './secrets/secrets.ts';

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

const LIFE = 30 * 24 * 3_600_000;

/** The record of a session as the secrets take it. */
export function recordOfSession(id: string, value: Session) {
  return { key: id, value, owner: value.userId, expires: new Date(Date.parse(value.lastUsedAt) + LIFE).toISOString() };
}
