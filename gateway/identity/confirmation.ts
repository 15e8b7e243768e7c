/** Confirmation: the link of the mail proves the address, and lets a user without a password set one. */
import { z } from 'zod';
import { ProblemError } from '../../contracts/problem.ts';
import { password } from '../../contracts/user.ts';
import type { CommandHandler } from '../../platform/command-handler.ts';
import type { RouteWith } from '../../platform/http/route.ts';
import { stableId } from '../../platform/stable-id.ts';
import type { Codes } from './codes.ts';
import type { Credentials } from './credentials.ts';
import { expectGoodPassword } from './new-password.ts';
import { hashOf } from './refresh-tokens.ts';
import type { Users } from './users.ts';

const body = z.strictObject({ token: z.string().min(1, 'must not be empty').max(200), password: password.optional() });
const response = z.strictObject({
  id: z.guid(),
  confirmed: z.literal(true),
  passwordSet: z.boolean().meta({ description: 'Whether the given password was set; one that was there stays.' }),
});

export interface ConfirmationOptions {
  commands: CommandHandler;
  credentials: Credentials;
  codes: Codes;
  users: Users;
  now(): Date;
}

/** POST /api/confirmations. */
export const confirmation: RouteWith<ConfirmationOptions> = {
  row: {
    method: 'POST',
    path: '/api/confirmations',
    always: true,
    who: 'anyone',
    summary: 'Confirm one’s e-mail address with the token of the mail, once; without a password yet, set one.',
    tag: 'sessions',
    body,
    response,
    example: { token: 'Zk0x…', password: 'correct horse battery' },
  },
  answer: async (options, request) => {
    const { credentials, codes, users } = options;
    const { token, password: given } = request.body as z.infer<typeof body>;
    const id = await codes.userOf(token, 'confirm');
    if (id === null) throw invalid('/token', 'This link was used already, or is too old.', 'was used already, is too old, or is not ours');
    if (given !== undefined) expectGoodPassword(given, (await users.load(id)).state, '/password');
    const passwordSet = await setPassword(credentials, id, given);
    await confirm(options, id, token, request.requestId);
    await codes.spend(id, 'confirm');
    return { body: { id, confirmed: true, passwordSet } };
  },
};

async function setPassword(credentials: Credentials, userId: string, given: string | undefined): Promise<boolean> {
  if (given !== undefined) return credentials.setFirst(userId, given);
  if (await credentials.has(userId)) return false;
  throw invalid('/password', 'This account has no password yet. Choose one.', 'is required: the account has none yet');
}

async function confirm({ commands, now }: ConfirmationOptions, userId: string, token: string, correlationId: string): Promise<void> {
  const actor = { id: 'system', role: 'system', seesAll: true } as const;
  const commandId = stableId('confirm', hashOf(token));
  const command = { type: 'ConfirmUser', stream: `user-${userId}`, id: userId, data: null, commandId, actor, now: now().toISOString() };
  await commands.handle(command, { correlationId });
}

function invalid(pointer: string, message: string, detail: string): ProblemError {
  return new ProblemError('invalid', message, { errors: [{ pointer, detail }] });
}
