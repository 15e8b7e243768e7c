/** The routes of second factors: setting one up, turning it off, new recovery codes, and taking another one's away. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { instant } from '../../../contracts/fields.ts';
import { ProblemError } from '../../../contracts/problem.ts';
import type { Role } from '../../../contracts/role.ts';
import type { CommandHandler } from '../../../platform/command-handler.ts';
import type { Limits } from '../../../platform/http/limits/limits.ts';
import type { Answer, Caller, RouteRequest, RouteWith } from '../../../platform/http/route.ts';
import { shownEmail } from '../../../platform/shown-email.ts';
import { OPERATOR } from '../../operator.ts';
import { expectFreshLogin } from '../fresh-login.ts';
import { recordOfAccount } from '../record-of-account.ts';
import { callerIn } from '../session-routes.ts';
import type { Sessions } from '../sessions.ts';
import { takeMail, withMail } from '../told-by-mail.ts';
import type { Users } from '../users.ts';
import { timeCode } from './expect-second-factor.ts';
import type { SecondFactors } from './second-factors.ts';
import { takeSecondFactorAway } from './take-away.ts';

const status = z.strictObject({
  on: z.boolean(),
  since: instant.nullable(),
  recoveryCodesLeft: z.int().meta({ description: 'The number of recovery codes that were not used yet.' }),
  required: z.boolean().meta({ description: 'True where the role must have one (REQUIRE_2FA).' }),
});
const isOnAnswer = z.strictObject({ on: z.boolean() });
const begun = z.strictObject({
  secret: z.string().meta({ description: 'The secret in base32, for apps that cannot read the QR code.' }),
  url: z.string().meta({ description: 'The otpauth URL, for a QR code.' }),
});
const codeBody = z.strictObject({ code: timeCode });
const recoveryCodes = z.strictObject({
  recoveryCodes: z.array(z.string()).meta({ description: 'Each is good once, in place of a code. Nobody can see them again.' }),
});

export interface SecondFactorRoutesOptions {
  secondFactors: SecondFactors;
  sessions: Sessions;
  users: Users;
  commands: CommandHandler;
  limits: Limits;
  /** The roles that must have a second factor. */
  requireSecondFactor: readonly Role[];
  /** To be called when a user has a second factor, or has none any more. */
  changed(userId: string): Promise<void>;
  now(): Date;
}

const PRIVATE = { 'Cache-Control': 'no-store' };

const OWN = { path: '/api/me/second-factor', who: 'user', tag: 'users', secondFactor: true } as const;

export const secondFactorRoutes: readonly RouteWith<SecondFactorRoutesOptions>[] = [
  {
    row: { ...OWN, method: 'GET', summary: 'Whether one has a second factor, since when, and how many recovery codes are left.', response: status },
    answer: async ({ secondFactors, requireSecondFactor }, { caller }) => {
      const { id, role } = callerIn(caller);
      return { body: { ...(await secondFactors.status(id)), required: requireSecondFactor.some((one) => one === role) } };
    },
  },
  {
    row: {
      ...OWN,
      method: 'POST',
      audit: 'second-factor',
      summary:
        'Begin to set a second factor up: the secret for the app, good for 15 minutes. Wants a fresh login; of who must have one, a session of the last 10 minutes.',
      response: begun,
      status: 200,
    },
    answer: begin,
  },
  {
    row: {
      ...OWN,
      method: 'POST',
      audit: 'second-factor',
      path: '/api/me/second-factor/confirm',
      summary: 'Turn the second factor on by a first code of the app; all other sessions end. Answers 10 recovery codes, once.',
      body: codeBody,
      response: recoveryCodes,
      status: 200,
      example: { code: '123456' },
    },
    answer: confirm,
  },
  {
    row: {
      ...OWN,
      method: 'POST',
      audit: 'second-factor',
      path: '/api/me/second-factor/recovery-codes',
      summary: 'Make 10 new recovery codes; those before are not good any more. Wants a fresh login.',
      response: recoveryCodes,
      status: 200,
    },
    answer: renew,
  },
  {
    row: { ...OWN, method: 'DELETE', audit: 'second-factor', summary: 'Turn the second factor off. Wants a fresh login.' },
    answer: (options, request) => takeAway(options, request, callerIn(request.caller).id),
  },
  {
    row: {
      method: 'GET',
      path: '/api/users/:id/second-factor',
      who: ['admin'],
      tag: 'users',
      summary: 'Whether a user has a second factor, which an admin can take away.',
      response: isOnAnswer,
    },
    answer: async ({ secondFactors, users }, { params: { id = '' } }) => {
      await there(users, id);
      return { headers: PRIVATE, body: { on: await secondFactors.isOn(id) } };
    },
  },
  {
    row: {
      method: 'DELETE',
      path: '/api/users/:id/second-factor',
      audit: 'second-factor',
      who: ['admin'],
      tag: 'users',
      summary: 'Take a user’s second factor away, as of somebody who lost the app and the recovery codes. Wants a fresh login.',
    },
    answer: (options, request) => takeAway(options, request, request.params.id ?? ''),
  },
];

/**
 * Refuses who has not shown lately who they are; but who must have a second factor sets it up in the session of their login, also where they came by an
 * issuer that does not say when they signed in there: else they could do nothing for good.
 */
async function expectMaySetUp({ sessions, requireSecondFactor }: SecondFactorRoutesOptions, caller: Caller): Promise<void> {
  const isRequired = requireSecondFactor.some((one) => one === caller.role);
  if (isRequired && (await sessions.isNew(caller.sessionId))) return;
  await expectFreshLogin(sessions, caller);
}

async function begin(options: SecondFactorRoutesOptions, { caller }: RouteRequest): Promise<Answer> {
  const { secondFactors, users } = options;
  const { id } = callerIn(caller);
  await expectMaySetUp(options, callerIn(caller));
  const { email, confirmed } = (await there(users, id)).state;
  return { headers: PRIVATE, body: await secondFactors.begin(id, { label: shownEmail(email), confirmed }) };
}

async function confirm(options: SecondFactorRoutesOptions, { caller, body, requestId }: RouteRequest): Promise<Answer> {
  const { id, sessionId } = callerIn(caller);
  await expectMaySetUp(options, callerIn(caller));
  const code = (body as z.infer<typeof codeBody>).code.replace(/\s/g, '');
  const codes = await withMail(options, callerIn(caller), async () => {
    const made = await options.secondFactors.confirm(id, code, (key) =>
      recordOfAccount(options, { id, key, correlationId: requestId }, { type: 'TellSecondFactor', data: { change: 'enabled' } }),
    );
    return made ?? wrongFirstCode();
  });
  await options.changed(id);
  await options.sessions.endAll(id, 'revoked', { except: sessionId });
  return { headers: PRIVATE, body: { recoveryCodes: codes } };
}

function wrongFirstCode(): never {
  throw new ProblemError('invalid', 'This code is not of the app that you set up, or is of another time. After a quarter of an hour begin anew.', {
    errors: [{ pointer: '/code', detail: 'is not of the app that you set up, or is of another time' }],
  });
}

async function renew(options: SecondFactorRoutesOptions, { caller, requestId }: RouteRequest): Promise<Answer> {
  const { id } = callerIn(caller);
  await expectFreshLogin(options.sessions, callerIn(caller));
  if (!(await options.secondFactors.isOn(id))) throw new ProblemError('conflict', 'You have no second factor.');
  await takeMail(options, callerIn(caller));
  await recordOfAccount(options, { id, key: randomUUID(), correlationId: requestId }, { type: 'TellSecondFactor', data: { change: 'codes' } });
  return { headers: PRIVATE, body: { recoveryCodes: await options.secondFactors.makeRecoveryCodes(id) } };
}

/** Takes a second factor away, one's own or another one's. Without one there is nothing to do. */
async function takeAway(options: SecondFactorRoutesOptions, { caller, requestId }: RouteRequest, userId: string): Promise<Answer> {
  const actor = callerIn(caller);
  await expectFreshLogin(options.sessions, actor);
  await there(options.users, userId);
  if (await options.secondFactors.isOn(userId)) await takeMail(options, actor);
  const by = actor.id === OPERATOR.id ? 'operator' : actor.id === userId ? 'owner' : 'admin';
  await takeSecondFactorAway(options, { userId, by, actor, requestId });
  return { status: 204 };
}

async function there(users: Users, id: string) {
  const user = await users.get(id);
  if (!user) throw new ProblemError('not_found', 'There is no such user.');
  return user;
}
