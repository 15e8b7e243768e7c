/** The routes of invitations that are the gateway's: inviting, which looks whether there is such an account, and accepting, which sets a password. */
import { z } from 'zod';
import { emailOnRecord } from '../../contracts/email.ts';
import type { InvitationCommand } from '../../contracts/invitation.ts';
import { ProblemError } from '../../contracts/problem.ts';
import { password, userName } from '../../contracts/user.ts';
import type { CommandHandler } from '../../platform/command-handler.ts';
import type { Limits } from '../../platform/http/limits/limits.ts';
import type { Answer, RouteRequest, RouteWith } from '../../platform/http/route.ts';
import { shownEmail } from '../../platform/shown-email.ts';
import { answerOf, commandAnswer, commandOf, commandRow, contextOf } from '../../write-side/command-routes.ts';
import { triedCode } from './code-tries.ts';
import type { Codes } from './codes.ts';
import type { Credentials } from './credentials.ts';
import { expectFreshLogin } from './fresh-login.ts';
import { type Invitations, usedByAnother } from './invitations.ts';
import { expectGoodPassword } from './new-password.ts';
import type { Subjects } from './oidc/subjects.ts';
import { callerIn } from './session-routes.ts';
import type { Sessions } from './sessions.ts';
import { spentLink } from './spent-links.ts';
import type { Users } from './users.ts';

export interface InvitationRoutesOptions {
  commands: CommandHandler;
  codes: Pick<Codes, 'isDone'>;
  credentials: Credentials;
  invitations: Invitations;
  subjects: Pick<Subjects, 'claim'>;
  users: Users;
  sessions: Sessions;
  limits: Limits;
  hmac(text: string): string;
  now(): Date;
}

const inviting = commandRow('MakeInvitation');
const { method, path, who, summary, body, example, audit = 'invitation' } = inviting.contract;

const acceptBody = z.strictObject({ code: z.string().min(1, 'must not be empty').max(200), name: userName, password });
const acceptAnswer = z.strictObject({
  id: z.guid().meta({ description: 'The account that was made.' }),
  email: emailOnRecord.meta({ description: 'The address that was invited, to log in with.' }),
  confirmed: z.literal(true),
  position: z.string(),
});

/** POST /api/invitations, POST /api/invitations/accept. */
export const invitationRoutes: readonly RouteWith<InvitationRoutesOptions>[] = [
  {
    row: { method, path, audit, who, summary, tag: 'invitations', body, response: commandAnswer, example },
    answer: invite,
  },
  {
    row: {
      method: 'POST',
      path: '/api/invitations/accept',
      audit: 'invitation',
      always: true,
      who: 'anyone',
      summary: 'Accept an invitation with the code of its mail, once: makes the account, which is confirmed. Nobody is logged in by it.',
      tag: 'invitations',
      body: acceptBody,
      status: 201,
      response: acceptAnswer,
      example: { code: 'Zk0x…', name: 'Anna Berg', password: 'correct horse battery' },
    },
    answer: acceptByCode,
  },
];

/** Makes an invitation. Admins see all addresses, so it may say that there is such an account. */
async function invite({ commands, users, sessions, hmac, now }: InvitationRoutesOptions, request: RouteRequest): Promise<Answer> {
  await expectFreshLogin(sessions, callerIn(request.caller));
  const { email } = request.body as Extract<InvitationCommand, { type: 'MakeInvitation' }>['data'];
  if (await users.find(email))
    throw new ProblemError('conflict', 'There is an account with this address already.', {
      errors: [{ pointer: '/email', detail: 'belongs to an account already' }],
    });
  const command = commandOf(inviting, request, () => now().toISOString());
  return answerOf(inviting, command, await commands.handle(command, contextOf(request, hmac)));
}

/**
 * Accepts an invitation by its code. Who signs in by it at an issuer may be another one than who has its link: one of the two has the account. The password is set before there is an account, so that one never is without, and
 * sealed once there is: of two who have the same link at once, one has set it and is told so.
 */
async function acceptByCode(options: InvitationRoutesOptions, request: RouteRequest): Promise<Answer> {
  const { codes, credentials, invitations, limits, users } = options;
  const { code, name, password: chosen } = request.body as z.infer<typeof acceptBody>;
  const invitation = await triedCode(limits, request.ip, () => invitations.find(code));
  if (!invitation) throw await spentLink(codes, code, 'invitation', '/code');
  const { userId, email } = invitation;
  request.audit?.({ user: userId });
  expectGoodPassword(chosen, { name, email }, '/password');
  const version = await setChosen(options, userId, chosen);
  try {
    const { position } = await invitations.accept(invitation, { name, correlationId: request.requestId });
    if (!(await credentials.seal(userId, version))) throw setElsewhere();
    return { status: 201, headers: { Position: position }, body: { id: userId, email: shownEmail(email), confirmed: true, position } };
  } catch (error) {
    const isFinal = error instanceof ProblemError && error.code === 'conflict';
    if (isFinal && !(await users.load(userId)).state.exists) await credentials.remove(userId);
    throw error;
  }
}

/**
 * Sets the password of the account that is about to be made; resolves to its version. Errors: ProblemError `conflict` where another one has the
 * invitation, `unavailable`.
 */
async function setChosen({ credentials, subjects, users }: InvitationRoutesOptions, userId: string, chosen: string): Promise<number> {
  if (!(await subjects.claim('password', userId))) throw usedByAnother();
  // Before it is looked whether there is an account: whoever has made it by then has sealed another version, or is told that it was set elsewhere.
  const version = await credentials.version(userId);
  // A claim goes where an account's ways in are taken: whoever made it meanwhile keeps what they set.
  if ((await users.load(userId)).state.exists) throw usedByAnother();
  if (!(await credentials.replace(userId, chosen, version, { asker: { key: userId, known: true } }))) throw setElsewhere();
  return version + 1;
}

function setElsewhere(): ProblemError {
  return new ProblemError(
    'conflict',
    'This invitation is being accepted elsewhere right now, with a password that was set there. Log in with that one, or have a link mailed that sets another one.',
  );
}
