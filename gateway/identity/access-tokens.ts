/** Access tokens: JWT (RFC 7519) with HS256, good for 15 minutes. callers.ts looks up whether the session is alive, and the user's role. */
import type { KeyObject } from 'node:crypto';
import jwt from 'jsonwebtoken';
import type koaJwt from 'koa-jwt';
import { z } from 'zod';
import type { Role } from '../../contracts/role.ts';

export const ACCESS_SECONDS = 15 * 60;
const ISSUER = 'taskledger';
const AUDIENCE = 'taskledger-api';
/** The algorithm, issuer and audience that a token must have. The algorithm is pinned, because a token's own word for it cannot be trusted. */
const CHECKED = { algorithms: ['HS256' as const], issuer: ISSUER, audience: AUDIENCE };

const claimsSchema = z.object({ sub: z.guid(), sid: z.guid(), exp: z.int(), iat: z.int().optional() });

/** The claims of a token: its user (`sub`), session (`sid`), and its beginning and end (`iat`, `exp`, seconds since 1970). */
export type Claims = z.infer<typeof claimsSchema>;

export interface AccessTokens {
  sign(of: { userId: string; sessionId: string; role: Role }): string;
  /** The claims of a valid token; null for a foreign or expired one. */
  verify(token: string): Claims | null;
  /** The options with which koa-jwt verifies tokens in the same way. */
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

/** Milliseconds by which the clocks of two machines may differ before a token of one is refused by the other. */
const CLOCKS_DIFFER = 5 * 60_000;

/** True for a token made later than now: the clock was set back meanwhile, and the token's end would come too late by as much. */
export function isFromTheFuture({ iat = 0 }: Pick<Claims, 'iat'>, now: Date): boolean {
  return iat * 1_000 - now.getTime() > CLOCKS_DIFFER;
}

/** Verified claims; null where they have not our shape. */
export function claimsOf(payload: unknown): Claims | null {
  const result = claimsSchema.safeParse(payload);
  return result.success ? result.data : null;
}
