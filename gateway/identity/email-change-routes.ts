/**
 * Editing a user, and changing an e-mail address: one's own changes once a link has confirmed it that was mailed to the new address, and that is
 * followed where one is logged in to the account. So neither a stranger's mailbox becomes an account's by a mistake, nor a stranger's account yours by
 * a click. Whether an address is taken is looked at only then.
 */
import { z } from 'zod';
import { emailOnRecord, mailboxOf, normaliseEmail } from '../../contracts/email.ts';
import { ProblemError } from '../../contracts/problem.ts';
import type { UserCommand } from '../../contracts/user.ts';
import type { CommandHandler } from '../../platform/command-handler.ts';
import type { Limits } from '../../platform/http/limits/limits.ts';
import { hourAndDay, takeTogether } from '../../platform/http/limits/together.ts';
import type { Answer, Caller, RouteRequest, RouteWith } from '../../platform/http/route.ts';
import { shownEmail } from '../../platform/shown-email.ts';
import { answerOf, commandAnswer, commandOf, commandRow, contextOf, limitOfCommand } from '../../write-side/command-routes.ts';
import type { UserState } from '../../write-side/deciders/user.ts';
import { triedCode } from './code-tries.ts';
import type { Codes } from './codes.ts';
import { expectFreshLogin } from './fresh-login.ts';
import { recordOfAccount } from './record-of-account.ts';
import { hashOf } from './refresh-tokens.ts';
import { callerIn } from './session-routes.ts';
import type { Sessions } from './sessions.ts';
import { spentLink } from './spent-links.ts';
import type { Users } from './users.ts';

export interface EmailChangeOptions {
  commands: CommandHandler;
  codes: Codes;
  users: Users;
  sessions: Sessions;
  limits: Limits;
  hmac(text: string): string;
  now(): Date;
  /** Forgets what this process remembers of a user, so that the next request sees whether the address is confirmed. */
  forgetUser(userId: string): Promise<void>;
}

const editing = commandRow('EditUser');
const { method, path, who, summary, body, example, audit = 'account' } = editing.contract;

const finishBody = z.strictObject({ token: z.string().min(1, 'must not be empty').max(200) });
const finished = z.strictObject({ id: z.guid(), email: emailOnRecord, confirmed: z.literal(true) });
const editAnswer = commandAnswer.extend({
  status: z
    .literal('email-change-pending')
    .optional()
    .meta({ description: 'With 202: the address changes once the link is followed that is mailed to it.' }),
});

/** PATCH /api/users/:id, POST /api/email-changes/finish. */
export const emailChangeRoutes: readonly RouteWith<EmailChangeOptions>[] = [
  { row: { method, path, audit, who, summary, tag: 'users', body, response: editAnswer, example }, answer: edit },
  {
    row: {
      method: 'POST',
      path: '/api/email-changes/finish',
      audit: 'account',
      always: true,
      who: 'user',
      summary: 'Confirm another e-mail address of one’s own with the token of its mail, once, within 10 minutes. The address of before is told.',
      tag: 'users',
      body: finishBody,
      response: finished,
      example: { token: 'Zk0x…' },
    },
    answer: finish,
  },
];

async function edit(options: EmailChangeOptions, request: RouteRequest): Promise<Answer> {
  const { commands, hmac, limits, now, forgetUser } = options;
  const caller = callerIn(request.caller);
  const command = commandOf(editing, request, () => now().toISOString()) as Extract<UserCommand, { type: 'EditUser' }>;
  const isMoving = await wantsAnotherAddress(options, command, caller);
  if (isMoving) await expectFreshLogin(options.sessions, caller);
  const isOwn = isMoving && caller.id === command.id;
  const limiting = limitOfCommand(editing.contract, command, { limits, commands });
  let mail: Promise<void> | undefined;
  const admit = async () => {
    await limiting.admit();
    // Once, however often the command is decided anew.
    if (isOwn) mail ??= admitMail(options, command.id, command.data.email ?? '');
    await mail;
  };
  const outcome = await commands.handle(command, { ...contextOf(request, hmac), admit });
  if (isMoving) await forgetUser(command.id);
  const { headers, body: answered } = answerOf(editing, command, outcome);
  const answer = { headers: { ...headers, ...limiting.headers() }, body: answered };
  return isOwn ? { ...answer, status: 202, body: { ...(answered as object), status: 'email-change-pending' } } : answer;
}

/** True where somebody who may do so asks for another address than the user has. Whoever may not is refused by the command, and learns nothing. */
async function wantsAnotherAddress(
  { users }: EmailChangeOptions,
  { id, data: { email } }: Extract<UserCommand, { type: 'EditUser' }>,
  caller: Caller,
): Promise<boolean> {
  if (email === undefined || (caller.id !== id && caller.role !== 'admin')) return false;
  const user = await users.get(id);
  return user !== null && mailboxOf(user.state.email) !== mailboxOf(email);
}

/** Takes a link from the limits: of the user who names an address, and then of the address, whose owner may never have heard of us, or may want it, too. */
async function admitMail({ limits }: EmailChangeOptions, userId: string, email: string): Promise<void> {
  await takeTogether(limits, [
    ...hourAndDay('link-mails', `ChangeEmail of ${userId}`),
    { name: 'link-mails-address', key: `ChangeEmail ${normaliseEmail(email)}` },
  ]);
}

/** Confirms the address that the caller wants. The code is used up last: a repeat after a failure does it all. */
async function finish(options: EmailChangeOptions, request: RouteRequest): Promise<Answer> {
  const { codes, limits, users, forgetUser } = options;
  const { id } = callerIn(request.caller);
  request.audit?.({ user: id });
  const { token } = request.body as z.infer<typeof finishBody>;
  const owner = await triedCode(limits, request.ip, () => codes.userOf(token, 'address'));
  if (owner === null) throw await spentLink(codes, token, 'address');
  if (owner !== id)
    throw new ProblemError('forbidden', 'This link belongs to another account. Log in to the account whose address is to change, and open it again.');
  await confirm(options, { id, key: hashOf(token), correlationId: request.requestId });
  await codes.spendAll(id, ['address']);
  await forgetUser(id);
  const { email }: UserState = (await users.load(id)).state;
  return { body: { id, email: shownEmail(email), confirmed: true } };
}

/** Records that an address is confirmed. Where it is another user's by now, the change is taken back. Error: ProblemError `conflict`, then. */
async function confirm(options: EmailChangeOptions, by: { id: string; key: string; correlationId: string }): Promise<void> {
  try {
    await recordOfAccount(options, by, { type: 'ConfirmEmailChange', data: null });
  } catch (error) {
    if (!(error instanceof ProblemError) || !error.errors?.some(({ pointer }) => pointer === '/email')) throw error;
    await recordOfAccount(options, by, { type: 'WithdrawEmailChange', data: null });
    await options.codes.spend(by.id, 'address');
    throw new ProblemError('conflict', 'This address belongs to another account. Yours stays as it is.', {
      errors: [{ pointer: '/email', detail: 'belongs to another account' }],
      cause: error,
    });
  }
}
