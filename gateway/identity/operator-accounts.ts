/** What the operator has done to accounts, when nobody else can: `npm start -- users …`. Whoever reads the data folder is the operator. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { AuditKind } from '../../contracts/audit.ts';
import { email, emailOnRecord } from '../../contracts/email.ts';
import { ProblemError } from '../../contracts/problem.ts';
import { role } from '../../contracts/role.ts';
import { password, type UserCommand, userName } from '../../contracts/user.ts';
import type { CommandHandler } from '../../platform/command-handler.ts';
import type { Answer, RouteRequest, RouteWith } from '../../platform/http/route.ts';
import type { UserState } from '../../write-side/deciders/user.ts';
import { OPERATOR } from '../operator.ts';
import type { Codes } from './codes.ts';
import { type Credentials, textOf } from './credentials.ts';
import { expectGoodPassword } from './new-password.ts';
import type { Subjects } from './oidc/subjects.ts';
import { makePassword } from './passwords.ts';
import type { SecondFactors } from './second-factor/second-factors.ts';
import { takeSecondFactorAway } from './second-factor/take-away.ts';
import { callerIn } from './session-routes.ts';
import type { Sessions } from './sessions.ts';
import type { Users } from './users.ts';

/** A password of the operator's choice; missing: one is made. */
const chosen = password.optional();

const order = z.discriminatedUnion('order', [
  z.strictObject({ order: z.literal('create'), email, name: userName, role, password: chosen }),
  z.strictObject({ order: z.literal('role'), email: emailOnRecord, role, beside: z.guid().optional() }),
  z.strictObject({ order: z.literal('reset-password'), email: emailOnRecord, password: chosen }),
  z.strictObject({ order: z.literal('end-sessions'), email: emailOnRecord }),
  z.strictObject({ order: z.literal('confirm'), email: emailOnRecord }),
  z.strictObject({ order: z.literal('second-factor'), email: emailOnRecord }),
  z.strictObject({ order: z.literal('find'), email: emailOnRecord }),
]);
/** What the operator wants done to the account with an e-mail address. `beside`: somebody who is an admin and stays one. */
export type AccountOrder = z.infer<typeof order>;
type OrderOf<T extends AccountOrder['order']> = Extract<AccountOrder, { order: T }>;

/** What was done. `password`: the one that was made, which is shown now and kept nowhere; `ended`: the number of sessions. */
const done = z.strictObject({ id: z.guid(), password: z.string().optional(), ended: z.int().optional() });
export type AccountOrderDone = z.infer<typeof done>;

/** The kinds of the entries that orders make in the audit log. */
const AUDITED_AS = {
  create: 'account',
  role: 'role',
  'reset-password': 'password',
  'end-sessions': 'session',
  confirm: 'confirmation',
  'second-factor': 'second-factor',
  find: 'account',
} as const satisfies Record<AccountOrder['order'], AuditKind>;

export interface OperatorAccountsOptions {
  commands: CommandHandler;
  credentials: Credentials;
  codes: Pick<Codes, 'spend'>;
  sessions: Sessions;
  users: Users;
  subjects: Subjects;
  secondFactors: SecondFactors;
  now(): Date;
  /** To be called after a user's role or confirmation changed. */
  forgetUser(userId: string): Promise<void>;
}

/** POST /api/admin/accounts, for the operator alone: admins never know another one's password. */
export const operatorAccounts: RouteWith<OperatorAccountsOptions> = {
  row: {
    method: 'POST',
    path: '/api/admin/accounts',
    audit: 'account',
    who: ['admin'],
    summary:
      'Create an account, change its role, password, sessions or confirmation, or take its second factor away, as the operator of this machine.',
    tag: 'admin',
    body: order,
    response: done,
    status: 200,
    example: { order: 'end-sessions', email: 'alice@example.org' },
    hidden: true,
  },
  answer: async (options, request) => {
    if (callerIn(request.caller).id !== OPERATOR.id) throw new ProblemError('forbidden', 'This is for the operator: npm start -- users');
    const wanted = request.body as AccountOrder;
    request.audit?.({ kind: AUDITED_AS[wanted.order] });
    const body = await carryOut(options, wanted, request);
    request.audit?.({ user: body.id });
    return { headers: { 'Cache-Control': 'no-store' }, body } satisfies Answer;
  },
};

async function carryOut(options: OperatorAccountsOptions, wanted: AccountOrder, request: RouteRequest): Promise<AccountOrderDone> {
  if (wanted.order === 'create') return create(options, wanted, request);
  const user = await options.users.find(wanted.email);
  if (!user) throw new ProblemError('not_found', 'There is no account with this address.');
  const { id, state } = user;
  switch (wanted.order) {
    case 'role':
      await send(options, request, id, {
        type: 'ChangeUserRole',
        data: { role: wanted.role, ...(wanted.beside === undefined ? {} : { beside: wanted.beside }) },
      });
      return { id };
    case 'confirm':
      await send(options, request, id, { type: 'ConfirmUser', data: null });
      return { id };
    case 'second-factor':
      await takeSecondFactorAway(
        { ...options, changed: options.forgetUser },
        { userId: id, by: 'operator', actor: OPERATOR, requestId: request.requestId },
      );
      return { id };
    case 'find':
      return { id };
    case 'end-sessions':
      return { id, ended: await endAll(options, id, 'revoked') };
    case 'reset-password':
      return resetPassword(options, { id, state, password: wanted.password }, request);
    default:
      return wanted satisfies never;
  }
}

async function create(
  options: OperatorAccountsOptions,
  { name, email: address, role: given, password: wanted }: OrderOf<'create'>,
  request: RouteRequest,
) {
  const { credentials } = options;
  if (wanted !== undefined) expectGoodPassword(wanted, { name, email: address }, '/password');
  const id = randomUUID();
  const next = wanted ?? makePassword();
  await credentials.setFirst(id, next, { key: id, known: true });
  try {
    await send(options, request, id, { type: 'RegisterUser', data: { name, email: address, role: given } });
  } catch (error) {
    if (error instanceof ProblemError && error.code !== 'unavailable') await credentials.remove(id);
    throw error;
  }
  await send(options, request, id, { type: 'ConfirmUser', data: null });
  return wanted === undefined ? { id, password: textOf(next) } : { id };
}

async function resetPassword(
  options: OperatorAccountsOptions,
  { id, state, password: wanted }: { id: string; state: UserState; password: string | undefined },
  request: RouteRequest,
): Promise<AccountOrderDone> {
  const { codes, credentials, subjects } = options;
  if (wanted !== undefined) expectGoodPassword(wanted, state, '/password');
  const next = wanted ?? makePassword();
  const record = async () => {
    await send(options, request, id, { type: 'TellPasswordChange', data: { by: 'operator' } });
    // Before it is set, so that a process that is killed then leaves no link that sets another one; and after it, for one that was asked for meanwhile.
    await codes.spend(id, 'reset');
  };
  if (!(await credentials.replace(id, next, await credentials.version(id), { asker: { key: id, known: true }, record })))
    throw new ProblemError('conflict', 'The password was set meanwhile.');
  await codes.spend(id, 'reset');
  await subjects.partAll(id);
  const ended = await endAll(options, id, 'password');
  return wanted === undefined ? { id, ended, password: textOf(next) } : { id, ended };
}

async function endAll({ sessions }: OperatorAccountsOptions, id: string, reason: 'revoked' | 'password'): Promise<number> {
  const all = await sessions.list(id);
  await sessions.endAll(id, reason, { by: OPERATOR.id });
  return all.length;
}

type Sent = Pick<Extract<UserCommand, { type: 'RegisterUser' | 'ChangeUserRole' | 'ConfirmUser' | 'TellPasswordChange' }>, 'type' | 'data'>;

/** Has a command decided as the operator's, which the log says of its events. */
async function send({ commands, now, forgetUser }: OperatorAccountsOptions, { requestId }: RouteRequest, id: string, { type, data }: Sent) {
  const actor = { id: OPERATOR.id, role: OPERATOR.role, seesAll: true } as const;
  const command = { type, stream: `user-${id}`, id, data, commandId: randomUUID(), actor, now: now().toISOString() };
  await commands.handle(command, { correlationId: requestId });
  await forgetUser(id);
}
