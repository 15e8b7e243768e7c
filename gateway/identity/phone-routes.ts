/** The routes of one's own phone number, to which SMS go once a code has confirmed it. */
import { z } from 'zod';
import { e164, phoneAsTyped } from '../../contracts/fields.ts';
import { ProblemError } from '../../contracts/problem.ts';
import type { CommandHandler } from '../../platform/command-handler.ts';
import { idempotencyKey } from '../../platform/http/idempotency.ts';
import { type Limits, networkOf } from '../../platform/http/limits/limits.ts';
import { hourAndDay, takeTogether } from '../../platform/http/limits/together.ts';
import type { Answer, RouteRequest, RouteWith } from '../../platform/http/route.ts';
import { expectFreshLogin } from './fresh-login.ts';
import type { PhoneCodes } from './phone-codes.ts';
import { recordOfAccount } from './record-of-account.ts';
import { timeCode } from './second-factor/expect-second-factor.ts';
import { callerIn } from './session-routes.ts';
import type { Sessions } from './sessions.ts';
import type { Users } from './users.ts';

export interface PhoneRoutesOptions {
  commands: CommandHandler;
  phoneCodes: PhoneCodes;
  users: Pick<Users, 'load'>;
  sessions: Sessions;
  limits: Limits;
  /** True where this installation sends SMS. */
  sendsSms: boolean;
  now(): Date;
}

const OWN = { path: '/api/me/phone', who: 'user', tag: 'users', audit: 'account' } as const;
const phoneBody = z.strictObject({ phone: phoneAsTyped });
const codeBody = z.strictObject({ code: timeCode.meta({ description: 'The 6 digits of the SMS.' }) });
const numbered = z.strictObject({
  phone: z.string().meta({ description: 'As E.164 writes it.' }),
  status: z.enum(['code-sent', 'confirmed']).meta({ description: '`code-sent`: a code is on its way to the number; `confirmed`: it is theirs.' }),
});

/** PUT, DELETE /api/me/phone, POST /api/me/phone/confirm. */
export const phoneRoutes: readonly RouteWith<PhoneRoutesOptions>[] = [
  {
    row: {
      ...OWN,
      method: 'PUT',
      summary:
        'Ask for a phone number: a code is sent to it by SMS, good for 10 minutes (202). Again: another code; none where it is theirs already (200). Wants a fresh login.',
      body: phoneBody,
      response: numbered,
      status: 202,
      otherStatus: 200,
      example: { phone: '+49 151 1234 5678' },
    },
    answer: ask,
  },
  {
    row: {
      ...OWN,
      method: 'POST',
      path: '/api/me/phone/confirm',
      summary: 'Confirm a phone number of one’s own with the code that was sent to it. Five tries are given to each code.',
      body: codeBody,
      response: numbered,
      status: 200,
      example: { code: '123456' },
    },
    answer: confirm,
  },
  {
    row: { ...OWN, method: 'DELETE', summary: 'Have no phone number any more, nor one that waits to be confirmed: no SMS are sent.' },
    answer: async (options, request) => {
      const { id } = callerIn(request.caller);
      await record(options, request, { type: 'RemovePhone', data: null });
      await options.phoneCodes.spend(id);
      return { status: 204 };
    },
  },
];

async function ask(options: PhoneRoutesOptions, request: RouteRequest): Promise<Answer> {
  const caller = callerIn(request.caller);
  if (!options.sendsSms) throw new ProblemError('conflict', 'This installation sends no SMS. Whoever runs it may set SMS_URL.');
  await expectFreshLogin(options.sessions, caller);
  const phone = e164((request.body as z.infer<typeof phoneBody>).phone);
  if (await isTheirs(options, caller.id, phone)) return { body: { phone, status: 'confirmed' } };
  // By whoever asks, and by the number, whose owner may never have heard of us, or may want it, too: one user has no more than half of what it may have, rounded up.
  await takeTogether(options.limits, [
    { name: 'sms-codes-ip', key: networkOf(request.ip) },
    ...hourAndDay('sms-codes', `of ${caller.id}`),
    ...hourAndDay('sms-codes', `${phone} for ${caller.id}`).map((one) => ({ ...one, points: Math.ceil(options.limits.points(one.name) / 2) })),
    ...hourAndDay('sms-codes', phone),
  ]);
  await record(options, request, { type: 'RequestPhone', data: { phone } });
  return { status: 202, body: { phone, status: 'code-sent' } };
}

/** True where a user has confirmed this number, and wants no other one. */
async function isTheirs({ users }: PhoneRoutesOptions, id: string, wanted: string): Promise<boolean> {
  const { phone, pendingPhone } = (await users.load(id)).state;
  return phone === wanted && pendingPhone === null;
}

async function confirm(options: PhoneRoutesOptions, request: RouteRequest): Promise<Answer> {
  const { id } = callerIn(request.caller);
  const code = (request.body as z.infer<typeof codeBody>).code.replace(/\s/g, '');
  const phone = await options.phoneCodes.check(id, code);
  if (phone === null)
    throw new ProblemError('invalid', 'This code is wrong, too old, or was tried too often. Have another one sent.', {
      errors: [{ pointer: '/code', detail: 'is wrong, too old, or was tried too often' }],
    });
  // The code is used up last: a repeat after a failure does it all.
  await record(options, request, { type: 'ConfirmPhone', data: { phone } });
  await options.phoneCodes.spend(id);
  return { body: { phone, status: 'confirmed' } };
}

type PhoneOrder = Parameters<typeof recordOfAccount>[2];

async function record(options: PhoneRoutesOptions, request: RouteRequest, order: PhoneOrder): Promise<void> {
  const { id, role, seesAll } = callerIn(request.caller);
  const by = { id, key: idempotencyKey(request), correlationId: request.requestId, actor: { id, role, seesAll } };
  await recordOfAccount(options, by, order);
}
