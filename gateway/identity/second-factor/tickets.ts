/**
 * Tickets: what the right password, or a sign-in, gives where there is a second factor. One is good for POST /api/login/second-factor alone, for 5 minutes,
 * and as long as what gave it lets in, and nothing has ended all sessions of its user.
 */
import type { KeyObject } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { z } from 'zod';
import { instant } from '../../../contracts/fields.ts';
import { isFromTheFuture } from '../access-tokens.ts';

export const SECOND_STEP_SECONDS = 5 * 60;
const ISSUER = 'taskledger';
/** Another one than that of access tokens: neither is good as the other. */
const AUDIENCE = 'taskledger-second-factor';

const claims = z.object({ sub: z.guid(), ver: z.int(), epo: z.string(), way: z.string().optional(), iat: z.int(), proved: instant.optional() });

/** The user who showed one half of who they are. */
export interface Ticketed {
  userId: string;
  /** The version of the password then. */
  version: number;
  /** The epoch of the user's sessions then. */
  epoch: string;
  /** The sign-in by which they came, as `Subjects` names it; missing: they came by the password. */
  way?: string | undefined;
  /** When they showed who they are, where that was before (ISO 8601). */
  provedAt?: string | undefined;
}

export interface Tickets {
  issue(of: Ticketed): string;
  /** Whose ticket it is; null for a foreign or expired one. */
  read(ticket: string): Ticketed | null;
}

export function openTickets(key: KeyObject, now: () => Date): Tickets {
  const seconds = () => Math.floor(now().getTime() / 1_000);
  const checked = { algorithms: ['HS256' as const], issuer: ISSUER, audience: AUDIENCE };
  return {
    issue: ({ userId, version, epoch, way, provedAt }) => {
      const iat = seconds();
      const payload = {
        ver: version,
        epo: epoch,
        ...(way ? { way } : {}),
        ...(provedAt ? { proved: provedAt } : {}),
        iat,
        exp: iat + SECOND_STEP_SECONDS,
      };
      return jwt.sign(payload, key, { algorithm: 'HS256', subject: userId, issuer: ISSUER, audience: AUDIENCE });
    },
    read: (ticket) => {
      try {
        const { sub, ver, epo, way, iat, proved } = claims.parse(jwt.verify(ticket, key, { ...checked, clockTimestamp: seconds() }));
        return isFromTheFuture({ iat }, now()) ? null : { userId: sub, version: ver, epoch: epo, way, provedAt: proved };
      } catch {
        return null;
      }
    },
  };
}
