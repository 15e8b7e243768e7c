/** Access tokens: JWT (RFC 7519) with HS256, 15 minutes. Whether its session is alive and which role its user has is looked up apart. */
import type { KeyObject } from 'node:crypto';
import jwt from 'jsonwebtoken';
import type koaJwt from 'koa-jwt';
import { z } from 'zod';
import type { Role } from '../../contracts/role.ts';

export const ACCESS_SECONDS = 15 * 60;
const ISSUER = 'taskledger';
const AUDIENCE = 'taskledger-api';
/** Pinned: a token says itself how it was signed, and is not believed. */
const CHECKED = { algorithms: ['HS256' as const], issuer: ISSUER, audience: AUDIENCE };

const claimsSchema = z.object({ sub: z.guid(), sid: z.guid(), exp: z.int() });

/** Whom a token is for (`sub`), by which session (`sid`), until when (`exp`, seconds since 1970). */
export type Claims = z.infer<typeof claimsSchema>;

export interface AccessTokens {
  sign(of: { userId: string; sessionId: string; role: Role }): string;
  /** The claims of a token that is ours and not too old, else null. */
  verify(token: string): Claims | null;
  /** For koa-jwt, which does the same at the HTTP edge. */
  options: Omit<koaJwt.Options, 'passthrough' | 'key' | 'tokenKey'>;
}

export function openAccessTokens(key: KeyObject, now: () => Date): AccessTokens {
  const seconds = () => Math.floor(now().getTime() / 1_000);
  return {
    sign: ({ userId, sessionId, role }) => {
      const iat = seconds();
      const payload = { sid: sessionId, role, iat, exp: iat + ACCESS_SECONDS };
      return jwt.sign(payload, key, { algorithm: 'HS256', subject: userId, issuer: ISSUER, audience: AUDIENCE });
    },
    verify: (token) => {
      try {
        return claimsOf(jwt.verify(token, key, { ...CHECKED, clockTimestamp: seconds() }));
      } catch {
        return null;
      }
    },
    // koa-jwt's types know no key objects; it hands the key to jsonwebtoken as it is.
    options: { ...CHECKED, secret: key as unknown as Buffer },
  };
}

/** Verified claims, if they are of our shape. */
export function claimsOf(payload: unknown): Claims | null {
  const result = claimsSchema.safeParse(payload);
  return result.success ? result.data : null;
}
