/** The first admin: an installation without one cannot be run. */

import { normaliseEmail } from '../../contracts/email.ts';
import { ProblemError } from '../../contracts/problem.ts';
import { AT_ONCE, type WhileStarting } from '../../platform/absences/while-starting.ts';
import type { CommandHandler } from '../../platform/command-handler.ts';
import { FIRST_ADMIN_IDS } from '../../platform/first-admin-ids.ts';
import { stableId } from '../../platform/stable-id.ts';
import { UserError } from '../../platform/user-error.ts';
import type { UserState } from '../../write-side/deciders/user.ts';
import { type Credentials, type NextPassword, textOf } from './credentials.ts';
import { makePassword } from './passwords.ts';
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
  const given: NextPassword = password ?? makePassword();
  let tries = 0;
  const { whileStarting = AT_ONCE } = options;
  const isMade = await whileStarting(() => tryToMake(options, { email, given, isRepeated: tries++ > 0 }));
  return isMade && password === undefined ? textOf(given) : null;
}

interface FirstAdmin {
  email: string;
  given: NextPassword;
  /** True where a try before may have done more than was heard of it. */
  isRepeated: boolean;
}

/** Resolves to true where the password is the one of the first admin, since this process has made it so. */
async function tryToMake(options: FirstAdminOptions, { email, given, isRepeated }: FirstAdmin): Promise<boolean> {
  const { credentials } = options;
  const first = await firstOpen(options);
  const { id, exists, deleted, version } = first;
  if (deleted) return false;
  await confirmIfOlder(options, first, email);
  if (exists && version > 0) return isRepeated && credentials.verify(id, textOf(given));
  if (!exists) await register(options, id, email);
  // A password without a user is left of a start of an older release that did not get further: nobody was told it. Of several processes, one replaces what it
  // was before there was a user, and tells its own.
  const isOurs = await credentials.replace(id, given, version);
  // Another process may have been given the same, or this one in a try of which it did not hear how it ended.
  return isOurs || credentials.verify(id, textOf(given));
}

/** The first admin's user, there or not, with the version of the password, which was read before. */
async function firstOpen({ credentials, users }: FirstAdminOptions) {
  for (const id of FIRST_ADMIN_IDS) {
    const version = await credentials.version(id);
    const { state } = await users.load(id);
    if (!state.abandoned) return { ...state, id, version };
  }
  throw new UserError('The first admin could not be made: its address was taken by others again and again. Set another ADMIN_EMAIL.');
}

/** The first admin of an older release is not confirmed yet. (One whose address another admin corrected since has to confirm that one.) */
async function confirmIfOlder(options: FirstAdminOptions, first: UserState & { id: string }, email: string): Promise<void> {
  if (first.exists && !first.confirmed && first.email === normaliseEmail(email)) await confirm(options, first.id);
}

/** The password was printed for, or chosen by, who runs this installation: nothing is to be proven. */
async function confirm(options: Pick<FirstAdminOptions, 'commands' | 'now'>, id: string): Promise<void> {
  await recordOfAccount(options, { id, key: 'first-admin', correlationId: stableId('confirm-first-admin', id) }, { type: 'ConfirmUser', data: null });
}

async function register({ commands, now }: FirstAdminOptions, id: string, email: string): Promise<void> {
  const actor = { id: 'system', role: 'system', seesAll: true } as const;
  const data = { name: 'Administrator', email, role: 'admin' };
  const commandId = stableId('register-first-admin', id, email);
  const command = { type: 'RegisterUser', stream: `user-${id}`, id, data, commandId, actor, now: now().toISOString() };
  try {
    await commands.handle(command, { correlationId: commandId });
    await confirm({ commands, now }, id);
  } catch (error) {
    if (!(error instanceof ProblemError) || error.code !== 'conflict') throw error;
    throw new UserError('ADMIN_EMAIL: this address belongs to a user who is no admin. Set another one.', { cause: error });
  }
}
