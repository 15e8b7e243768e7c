/** The routes of one's own account: who one is, proving it anew, and changing one's password. */
import { z } from 'zod';
import { normaliseEmail } from '../../contracts/email.ts';
import { ProblemError } from '../../contracts/problem.ts';
import { role } from '../../contracts/role.ts';
import { password, passwordAsTyped } from '../../contracts/user.ts';
import type { CommandHandler } from '../../platform/command-handler.ts';
import type { Limits } from '../../platform/http/limits/limits.ts';
import type { Answer, RouteRequest, RouteWith } from '../../platform/http/route.ts';
import { shownEmail } from '../../platform/shown-email.ts';
import type { UserState } from '../../write-side/deciders/user.ts';
import type { Attempts } from './attempts.ts';
import type { Codes } from './codes.ts';
import type { Credentials, PasswordChange } from './credentials.ts';
import type { Asker } from './fair-turns.ts';
import { FRESH_MINUTES } from './fresh-login.ts';
import { expectGoodPassword } from './new-password.ts';
import { recordOfAccount } from './record-of-account.ts';
import { expectSecondFactor, secondProofFields, secondProofOf } from './second-factor/expect-second-factor.ts';
import type { SecondFactors } from './second-factor/second-factors.ts';
import { callerIn } from './session-routes.ts';
import type { Sessions } from './sessions.ts';
import { withMail } from './told-by-mail.ts';
import type { Users } from './users.ts';

const pendingEmail = z.string().meta({ description: 'The address that is wanted, and not confirmed yet; missing where there is none.' });
const me = z.strictObject({
  ...{ id: z.guid(), name: z.string(), email: z.string(), role, confirmed: z.boolean(), pendingEmail: pendingEmail.optional() },
  phone: z.string().optional().meta({ description: 'The phone number that SMS go to; missing where none is confirmed.' }),
  pendingPhone: z.string().optional().meta({ description: 'The number that is wanted, and not confirmed yet; missing where there is none.' }),
  password: z.boolean().meta({
    description:
      'True where the account has a password that counts here (OIDC_ONLY); without one, POST /api/me/proof cannot be answered, and signing in anew is the proof.',
  }),
  sms: z.boolean().meta({ description: 'True where this installation sends SMS.' }),
});
const passwordBody = z.strictObject({ current: passwordAsTyped, new: password });

const proofBody = z.strictObject({ password: passwordAsTyped, ...secondProofFields });

export interface MeRoutesOptions {
  sessions: Sessions;
  credentials: Credentials;
  codes: Pick<Codes, 'spend'>;
  /** Missing where no issuer is set. */
  oidc: { settings: { only: boolean } } | undefined;
  users: Users;
  attempts: Attempts;
  commands: CommandHandler;
  secondFactors: SecondFactors;
  limits: Limits;
  /** To be called after what a user may do has changed. */
  changed(userId: string): Promise<void>;
  /** True where this installation sends SMS. */
  sendsSms: boolean;
  now(): Date;
}

/** Routes of one’s own account. */
export const meRoutes: readonly RouteWith<MeRoutesOptions>[] = [
  {
    row: { method: 'GET', path: '/api/me', who: 'user', summary: 'Who one is.', tag: 'users', profile: true, response: me },
    answer: async ({ users, credentials, oidc, now, sendsSms }, { caller }) => {
      const { id } = callerIn(caller);
      const user = await there(users, id);
      const { name, email, role, confirmed, phone }: UserState = user.state;
      const body = {
        id,
        name,
        email: shownEmail(email),
        role,
        confirmed,
        ...(phone ? { phone } : {}),
        ...pendingIn(user.state, now()),
        // One that counts nowhere is none that its owner could use.
        password: !oidc?.settings.only && (await credentials.has(id)),
        sms: sendsSms,
      };
      return { headers: { ETag: `"${user.revision}"`, Position: user.position }, body };
    },
  },
  {
    row: {
      method: 'PUT',
      path: '/api/me/password',
      audit: 'password',
      always: true,
      who: 'user',
      ownPassword: true,
      summary: 'Change one’s password; all other sessions end.',
      tag: 'users',
      body: passwordBody,
      example: { current: 'correct horse battery', new: 'staple of the month' },
    },
    answer: changePassword,
  },
  {
    row: {
      method: 'POST',
      path: '/api/me/proof',
      audit: 'proof',
      always: true,
      who: 'user',
      summary: `Prove anew who one is, for what wants a fresh login; good for ${FRESH_MINUTES} minutes in this session: by the password, and a code where one has a second factor. Limited as logins are.`,
      tag: 'users',
      profile: true,
      body: proofBody,
      example: { password: 'correct horse battery' },
    },
    answer: prove,
  },
];

/** What waits to be confirmed. */
function pendingIn({ pending, pendingPhone }: UserState, now: Date) {
  const isOpen = ({ until }: { until: string }) => now.toISOString() < until;
  return {
    ...(pending && isOpen(pending) ? { pendingEmail: shownEmail(pending.email) } : {}),
    ...(pendingPhone && isOpen(pendingPhone) ? { pendingPhone: pendingPhone.phone } : {}),
  };
}

async function there(users: Users, id: string) {
  const user = await users.get(id);
  if (!user) throw new ProblemError('not_found', 'You are no user of this installation.');
  return user;
}

/** Takes a proof of who one is. Attempts count as logins, so that a stolen access token is no way to guess the password. */
async function prove(options: MeRoutesOptions, { caller, body, ip, requestId }: RouteRequest): Promise<Answer> {
  const { attempts, credentials, secondFactors, sessions, users } = options;
  const { id, sessionId } = callerIn(caller);
  const { password: typed, ...second } = body as z.infer<typeof proofBody>;
  const { state } = await there(users, id);
  const version = await credentials.version(id);
  const isTheirs = await attempts.attempt(normaliseEmail(state.email), ip, (asker) => credentials.verify(id, typed, asker), { session: sessionId });
  if (!isTheirs) throw new ProblemError('invalid', 'The password is wrong.', { errors: [{ pointer: '/password', detail: 'is not your password' }] });
  if (await secondFactors.isOn(id)) await expectSecondFactor(options, { userId: id, version, requestId }, secondProofOf(second));
  await sessions.prove(sessionId);
  return { status: 204 };
}

/** Changes a password. Attempts at the current one count as logins, so that a stolen access token is no way to guess it. */
async function changePassword(options: MeRoutesOptions, request: RouteRequest): Promise<Answer> {
  const { sessions, users } = options;
  const { id, sessionId } = callerIn(request.caller);
  const { state } = await there(users, id);
  expectGoodPassword((request.body as z.infer<typeof passwordBody>).new, state, '/new');
  await withMail(options, callerIn(request.caller), () => setNext(options, request, state.email));
  // Again, for a link that was asked for meanwhile.
  await options.codes.spend(id, 'reset');
  // Who had to choose another one may do everything now.
  await options.changed(id);
  await sessions.endAll(id, 'password', { except: sessionId });
  // Who has a second factor has shown one half of the proof alone.
  if (!(await options.secondFactors.isOn(id))) await sessions.prove(sessionId);
  return { status: 204 };
}

/** Sets the next password where the current one is right, and has it told. Errors: ProblemError `invalid`, `conflict`, `limited`. */
async function setNext(options: MeRoutesOptions, { caller, body, ip, requestId }: RouteRequest, email: string): Promise<void> {
  const { attempts, credentials } = options;
  const { id, sessionId } = callerIn(caller);
  const { current, new: next } = body as z.infer<typeof passwordBody>;
  const did = { change: 'wrong' as PasswordChange };
  const record = async (key: string) => {
    await recordOfAccount(
      options,
      { id, key: `${key} ${sessionId}`, correlationId: requestId },
      { type: 'TellPasswordChange', data: { by: 'password' } },
    );
    // A link of before is good for nothing any more: whoever has it need not be who has just shown the password.
    await options.codes.spend(id, 'reset');
    // Before it is set, since nobody could repeat the request after it; and after it, for who came in meanwhile with the one of before.
    await options.sessions.endAll(id, 'password', { except: sessionId });
  };
  const check = async (asker: Asker) => {
    did.change = await credentials.change(id, { current, next }, { asker, record });
    return did.change !== 'wrong';
  };
  await attempts.attempt(normaliseEmail(email), ip, check, { session: sessionId });
  if (did.change === 'wrong')
    throw new ProblemError('invalid', 'The current password is wrong.', { errors: [{ pointer: '/current', detail: 'is not your password' }] });
  if (did.change === 'same')
    throw new ProblemError('invalid', 'This is the password that you have: choose another one.', {
      errors: [{ pointer: '/new', detail: 'must be another one than you have' }],
    });
  if (did.change === 'raced') throw new ProblemError('conflict', 'Your password was changed meanwhile.');
}
