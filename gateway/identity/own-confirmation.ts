/**
 * Confirming one's address where one is logged in and has no password, as who signs in at an issuer that does not say whether the address is theirs: the
 * link of the mail shows the mailbox, the session whose account it is, and so their way in stays. Whoever is not logged in has the mailbox alone, and
 * sets a password, which ends every way in of before (`POST /api/confirmations`).
 */
import { z } from 'zod';
import { ProblemError } from '../../contracts/problem.ts';
import type { CommandHandler } from '../../platform/command-handler.ts';
import type { Limits } from '../../platform/http/limits/limits.ts';
import type { Answer, RouteRequest, RouteWith } from '../../platform/http/route.ts';
import { triedCode } from './code-tries.ts';
import type { Codes } from './codes.ts';
import type { Credentials } from './credentials.ts';
import { recordOfAccount } from './record-of-account.ts';
import { hashOf } from './refresh-tokens.ts';
import { callerIn } from './session-routes.ts';
import { spentLink } from './spent-links.ts';

const tokenBody = z.strictObject({ token: z.string().min(1, 'must not be empty').max(200) });

export interface OwnConfirmationOptions {
  commands: CommandHandler;
  codes: Codes;
  credentials: Credentials;
  limits: Limits;
  changed(userId: string): Promise<void>;
  now(): Date;
}

/** POST /api/me/confirmation. */
export const ownConfirmation: RouteWith<OwnConfirmationOptions> = {
  row: {
    method: 'POST',
    path: '/api/me/confirmation',
    audit: 'confirmation',
    always: true,
    who: 'user',
    profile: true,
    tag: 'users',
    summary: 'Confirm one’s e-mail address with the token of the mail, once, where one signs in at an issuer and has no password.',
    body: tokenBody,
    response: z.strictObject({ id: z.guid(), confirmed: z.literal(true) }),
    status: 200,
    example: { token: 'Zk0x…' },
  },
  answer: confirm,
};

async function confirm(options: OwnConfirmationOptions, { caller, body, ip, requestId }: RouteRequest): Promise<Answer> {
  const { codes, credentials, limits, changed } = options;
  const { id } = callerIn(caller);
  const { token } = body as z.infer<typeof tokenBody>;
  const owner = await triedCode(limits, ip, () => codes.userOf(token, 'confirm'));
  if (owner === null) throw await spentLink(codes, token, 'confirm');
  if (owner !== id) throw new ProblemError('forbidden', 'This link belongs to another account. Log in to that one, and open it again.');
  // Whoever made the account may have set it, and need not be who has the mailbox.
  if (await credentials.has(id))
    throw new ProblemError('conflict', 'Your account has a password: the link sets another one. POST /api/confirmations takes both.');
  // The code is used up last: a repeat after a failure does it all.
  await recordOfAccount(options, { id, key: hashOf(token), correlationId: requestId }, { type: 'ConfirmUser', data: null });
  await codes.spend(id, 'confirm');
  await changed(id);
  return { body: { id, confirmed: true } };
}
