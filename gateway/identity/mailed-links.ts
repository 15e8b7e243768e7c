/**
 * The mailbox as a proof: who has the link of a mail sets the password, and is who owns the address. The link confirms a registration, or stands in
 * for a password that is forgotten. Opening it changes nothing, since mail scanners do that; only this route's POST uses it up.
 */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { emailOnRecord, normaliseEmail } from '../../contracts/email.ts';
import { ProblemError } from '../../contracts/problem.ts';
import { password } from '../../contracts/user.ts';
import type { CommandHandler } from '../../platform/command-handler.ts';
import { type Limits, networkOf } from '../../platform/http/limits/limits.ts';
import { hourAndDay, type LimitPoints, takeTogether } from '../../platform/http/limits/together.ts';
import type { Answer, RouteRequest, RouteWith } from '../../platform/http/route.ts';
import { refuseIncomplete } from '../../platform/incomplete.ts';
import { stableId } from '../../platform/stable-id.ts';
import { triedCode } from './code-tries.ts';
import type { CodePurpose, Codes } from './codes.ts';
import type { Credentials } from './credentials.ts';
import { expectGoodPassword } from './new-password.ts';
import type { Subjects } from './oidc/subjects.ts';
import { recordOfAccount } from './record-of-account.ts';
import { hashOf } from './refresh-tokens.ts';
import type { SecondFactors } from './second-factor/second-factors.ts';
import { takeSecondFactorAway } from './second-factor/take-away.ts';
import { isKnownNetwork } from './session-routes.ts';
import type { Sessions } from './sessions.ts';
import { spentLink } from './spent-links.ts';
import type { Users } from './users.ts';

const linkBody = z.strictObject({ token: z.string().min(1, 'must not be empty').max(200), password });
const addressBody = z.strictObject({ email: emailOnRecord });
const accepted = z.strictObject({ status: z.literal('accepted') });
const proven = z.strictObject({ id: z.guid(), confirmed: z.literal(true), passwordSet: z.literal(true) });

export interface MailedLinksOptions {
  commands: CommandHandler;
  credentials: Credentials;
  codes: Codes;
  users: Users;
  sessions: Sessions;
  subjects: Subjects;
  secondFactors: SecondFactors;
  changed(userId: string): Promise<void>;
  limits: Limits;
  hmac(text: string): string;
  /** Writes as much as a request for an account does. */
  nobody(): Promise<void>;
  now(): Date;
}

const TOKEN = { token: 'Zk0x…', password: 'correct horse battery' };

/** The routes of links in mails. */
export const mailedLinks: readonly RouteWith<MailedLinksOptions>[] = [
  {
    row: {
      method: 'POST',
      path: '/api/confirmations',
      audit: 'confirmation',
      always: true,
      who: 'anyone',
      summary: 'Confirm one’s e-mail address with the token of the mail, once, and set the password; every session before it ends.',
      tag: 'sessions',
      body: linkBody,
      response: proven,
      example: TOKEN,
    },
    answer: (options, request) => prove(options, request, 'confirm'),
  },
  {
    row: {
      method: 'POST',
      path: '/api/confirmation-mails',
      audit: 'confirmation',
      who: 'anyone',
      summary: 'Have the confirmation mail sent again. The answer is the same whether there is such an account or not.',
      tag: 'sessions',
      body: addressBody,
      status: 202,
      response: accepted,
      example: { email: 'alice@example.org' },
    },
    answer: (options, request) => sendLink(options, request, 'RequestConfirmation'),
  },
  {
    row: {
      method: 'POST',
      path: '/api/password-resets',
      audit: 'password-reset',
      who: 'anyone',
      summary: 'Have a link mailed that sets another password. The answer is the same whether there is such an account or not.',
      tag: 'sessions',
      body: addressBody,
      status: 202,
      response: accepted,
      example: { email: 'alice@example.org' },
    },
    answer: (options, request) => sendLink(options, request, 'RequestPasswordReset'),
  },
  {
    row: {
      method: 'POST',
      path: '/api/password-resets/finish',
      audit: 'password-reset',
      always: true,
      who: 'anyone',
      summary: 'Set another password with the token of the mail, once, within 10 minutes; all sessions end, and nobody is logged in by it.',
      tag: 'sessions',
      body: linkBody,
      response: proven,
      example: TOKEN,
    },
    answer: (options, request) => prove(options, request, 'reset'),
  },
];

/**
 * Sets the password of whoever a code was mailed to. Its address is theirs then; sessions of before may be a stranger's, who registered it, and end.
 * What is told is recorded first, and the code is used up last: where one of the steps fails, a repeat does them all.
 */
async function prove(options: MailedLinksOptions, request: RouteRequest, purpose: CodePurpose): Promise<Answer> {
  const { codes, credentials, limits, sessions, subjects, users } = options;
  const { token, password: next } = request.body as z.infer<typeof linkBody>;
  const id = await triedCode(limits, request.ip, () => codes.userOf(token, purpose));
  if (id === null) throw await spentLink(codes, token, purpose);
  request.audit?.({ user: id });
  const user = await users.load(id);
  // Before anything is changed: that the address is confirmed could not be recorded.
  refuseIncomplete(user);
  const { state } = user;
  expectGoodPassword(next, state, '/password');
  const by = { id, key: hashOf(token), correlationId: request.requestId };
  const record = () => recordOfAccount(options, by, { type: 'TellPasswordChange', data: { by: 'mailbox' } });
  const setting = { asker: { key: id, known: true }, ...(purpose === 'reset' ? { record } : {}) };
  if (!(await credentials.replace(id, next, await credentials.version(id), setting)))
    throw new ProblemError('conflict', 'The password was set meanwhile.');
  // Whoever signed in as an account that nobody had confirmed need not be who has its mailbox; and another password ends a sign-in that a stranger joined.
  await subjects.partAll(id);
  await sessions.endAll(id, 'password');
  // They may be a stranger's, who registered this address. Before the address is confirmed, so that a repeat still does it.
  if (purpose === 'confirm' || !state.confirmed) await takeSecondFactorAway(options, { userId: id, by: 'mailbox', requestId: request.requestId });
  if (!state.confirmed) await recordOfAccount(options, by, { type: 'RemovePhone', data: null });
  await recordOfAccount(options, by, { type: 'ConfirmUser', data: null });
  await codes.spendAll(id, ['confirm', 'reset']);
  return { body: { id, confirmed: true, passwordSet: true } };
}

type LinkCommand = 'RequestConfirmation' | 'RequestPasswordReset';

/**
 * Has a link mailed. Nobody learns from answer or time whether there is such an account: without one as much is read, and recorded, of an account
 * that never is.
 */
async function sendLink(options: MailedLinksOptions, request: RouteRequest, type: LinkCommand): Promise<Answer> {
  const { hmac, nobody, users } = options;
  const address = normaliseEmail((request.body as z.infer<typeof addressBody>).email);
  // Before anything is looked up, and not given back: what is refused then was looked up, too.
  await options.limits.consume('link-mails-ip', networkOf(request.ip));
  const found = await users.find(address);
  await admitLink(options, request, { key: `${type} ${address}`, userId: found?.id });
  const user = type === 'RequestConfirmation' && found?.state.confirmed ? null : found;
  if (user) request.audit?.({ user: user.id });
  if (user) await recordOfAccount(options, { id: user.id, key: randomUUID(), correlationId: request.requestId }, { type, data: null });
  else await Promise.all([users.load(stableId('nobody', hmac(address))), nobody()]);
  return { status: 202, body: { status: 'accepted' } };
}

/**
 * Takes a link from the limits: each network has its own for an address, so that nobody uses up another one's; strangers at large have a bound together,
 * which does not hold where the account is in use.
 */
async function admitLink(
  { limits, sessions }: MailedLinksOptions,
  { ip }: RouteRequest,
  { key, userId }: { key: string; userId: string | undefined },
) {
  const network = networkOf(ip);
  const ofStrangers: LimitPoints[] = (await isKnownNetwork(sessions, userId, ip)) ? [] : [{ name: 'link-mails-address', key }];
  await takeTogether(limits, [...hourAndDay('link-mails', `${key} from ${network}`), ...ofStrangers]);
}
