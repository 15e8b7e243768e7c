/** The first admin: an installation without one cannot be run. */

import { randomBytes } from 'node:crypto';
import { ProblemError } from '../../contracts/problem.ts';
import { AT_ONCE, type WhileStarting } from '../../platform/absences/while-starting.ts';
import type { CommandHandler } from '../../platform/command-handler.ts';
import { FIRST_ADMIN_IDS } from '../../platform/first-admin-ids.ts';
import { stableId } from '../../platform/stable-id.ts';
import { UserError } from '../../platform/user-error.ts';
import type { UserState } from '../../write-side/deciders/user.ts';
import type { Credentials } from './credentials.ts';
import { recordOfAccount } from './record-of-account.ts';
import type { Users } from './users.ts';

export interface FirstAdminOptions {
  commands: CommandHandler;
  credentials: Credentials;
  users: Users;
  now(): Date;
  /** The patience of the start; default: none. */
  whileStarting?: WhileStarting;
}

/**
 * Makes the first admin where there never was one, or gives them a password where theirs was lost with the secrets.
 * Later admins are made by admins, who cannot give up the role themselves, and a sign-in takes it from nobody unless the first admin is one: so a first admin who existed proves that there is one now.
 * Resolves to the password if it was made here, else null. Errors: `UserError`, where the address is another user's; absences that outlast the start's patience.
 */
export async function ensureFirstAdmin(options: FirstAdminOptions, email: string, password: string | undefined): Promise<string | null> {
  const chosen = password ?? randomBytes(15).toString('base64url');
  let tries = 0;
  const { whileStarting = AT_ONCE } = options;
  const isMade = await whileStarting(() => tryToMake(options, { email, password: chosen, isRepeated: tries++ > 0 }));
  return isMade && password === undefined ? chosen : null;
}

interface FirstAdmin {
  email: string;
  password: string;
  /** True where a try before may have done more than was heard of it. */
  isRepeated: boolean;
}

/** Resolves to true where the password is the one of the first admin, since this process has made it so. */
async function tryToMake(options: FirstAdminOptions, { email, password, isRepeated }: FirstAdmin): Promise<boolean> {
  const { credentials, users } = options;
  const first = await firstOpen(users);
  const { id, exists, deleted } = first;
  if (deleted) return false;
  await confirmIfOlder(options, first);
  if (exists && (await credentials.has(id))) return isRepeated && credentials.verify(id, password);
  // A password without a user is left of a start that did not get further: nobody was told it.
  if (!exists) await credentials.remove(id);
  const isOurs = await credentials.setFirst(id, password);
  if (!exists) await register(options, id, email);
  // Another process may have been faster, or this one in a try of which it did not hear how it ended.
  return isOurs || credentials.verify(id, password);
}

async function firstOpen(users: Users) {
  for (const id of FIRST_ADMIN_IDS) {
    const { state } = await users.load(id);
    if (!state.abandoned) return { ...state, id };
  }
  throw new UserError('The first admin could not be made: its address was taken by others again and again. Set another ADMIN_EMAIL.');
}

/** The first admin of an older release is not confirmed yet. */
async function confirmIfOlder(options: FirstAdminOptions, { id, exists, confirmed }: UserState & { id: string }): Promise<void> {
  if (exists && !confirmed) await confirm(options, id);
}

/** The password was printed for, or chosen by, who runs this installation: nothing is to be proven. */
async function confirm(options: Pick<FirstAdminOptions, 'commands' | 'now'>, id: string): Promise<void> {
  await recordOfAccount(options, { id, key: 'first-admin', correlationId: stableId('confirm-first-admin', id) }, { type: 'ConfirmUser', data: null });
}

async function register({ commands, credentials, now }: FirstAdminOptions, id: string, email: string): Promise<void> {
  const actor = { id: 'system', role: 'system', seesAll: true } as const;
  const data = { name: 'Administrator', email, role: 'admin' };
  const commandId = stableId('register-first-admin', id, email);
  const command = { type: 'RegisterUser', stream: `user-${id}`, id, data, commandId, actor, now: now().toISOString() };
  try {
    await commands.handle(command, { correlationId: commandId });
    await confirm({ commands, now }, id);
  } catch (error) {
    if (!(error instanceof ProblemError) || error.code !== 'conflict') throw error;
    await credentials.remove(id);
    throw new UserError('ADMIN_EMAIL: this address belongs to a user who is no admin. Set another one.', { cause: error });
  }
}
