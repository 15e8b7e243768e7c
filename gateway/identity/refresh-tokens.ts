/**
 * Refresh tokens: `<session id>.<256 bits>.<mark>`. The mark is a keyed hash of the text before it, so that nobody can make up an old token
 * of a session, and so end it.
 *
 * The next token is made of the one before and a random salt that the session keeps. So a repeat of the last refresh (its answer
 * was lost, or two tabs asked at once) gets the same next token, one chain stays one chain, and no token can be made of the stored data.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

export interface RefreshToken {
  sessionId: string;
  /** 256 bits as base64url. */
  secret: string;
}

const SHAPE = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.([\w-]{43})\.([0-9a-f]{32})$/;

/** 256 random bits as base64url. */
export function randomSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** The secret that follows this one in the chain. */
export function nextSecret(secret: string, salt: string): string {
  return createHmac('sha256', secret).update(`next:${salt}`).digest('base64url');
}

/** The hash of a secret, which is stored in its place. */
export function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}

/** True where two texts are equal. The comparison's time does not depend on where they differ. */
export function same(a: string, b: string): boolean {
  return timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest());
}

export function formatRefreshToken({ sessionId, secret }: RefreshToken, hmac: (text: string) => string): string {
  return `${sessionId}.${secret}.${mark(sessionId, secret, hmac)}`;
}

/** The parts of a token; null for a token that was not made here. */
export function parseRefreshToken(text: string, hmac: (text: string) => string): RefreshToken | null {
  const [, sessionId, secret, given] = SHAPE.exec(text) ?? [];
  if (!sessionId || !secret || !given) return null;
  return same(given, mark(sessionId, secret, hmac)) ? { sessionId, secret } : null;
}

function mark(sessionId: string, secret: string, hmac: (text: string) => string): string {
  return hmac(`refresh:${sessionId}.${secret}`).slice(0, 32);
}
