/** The role that the issuer says somebody has here, followed at each sign-in. */
import { randomUUID } from 'node:crypto';
import { ProblemError } from '../../../contracts/problem.ts';
import type { Role } from '../../../contracts/role.ts';
import type { CommandHandler } from '../../../platform/command-handler.ts';
import type { Coming } from './accounts.ts';
import type { OidcSettings } from './settings.ts';
import type { SignedIn } from './signed-in.ts';

/** The role of somebody of whom the issuer says none. */
const DEFAULT: Role = 'member';

/**
 * The role that somebody is to have from now on; null where it stays. What the issuer says counts, and who has none of its values any more is a member
 * again. Two things are not its to say: who is an admin, where no value stands for that; and the role of somebody without a value, where it was
 * given here and no value stands for it.
 */
export function roleToFollow(said: Role | null | undefined, present: Role, { roles }: Pick<OidcSettings, 'roles'>): Role | null {
  const isGivable = roles.some(({ role }) => role === present);
  if (said === undefined || (!isGivable && (present === 'admin' || said === null))) return null;
  const next = said ?? DEFAULT;
  return next === present ? null : next;
}

export interface FollowedRoleOptions {
  commands: CommandHandler;
  settings: OidcSettings;
  log: { warn(data: object, message: string): void };
  changed(userId: string): Promise<void>;
  now(): Date;
}

/**
 * Gives somebody the role that the issuer says. Where the rules of roles refuse it, as for an admin while the first admin is no other one, the role stays
 * and the log says so.
 */
export async function followRole(
  { commands, settings, log, changed, now }: FollowedRoleOptions,
  { role: said }: Pick<SignedIn, 'role'>,
  { id, role: present, coming: { requestId, did } }: { id: string; role: Role; coming: Pick<Coming, 'requestId' | 'did'> },
): Promise<void> {
  const role = roleToFollow(said, present, settings);
  if (role === null) return;
  const actor = { id: 'system', role: 'system', seesAll: true } as const;
  const commandId = randomUUID();
  const command = { type: 'ChangeUserRole', stream: `user-${id}`, id, data: { role }, commandId, actor, now: now().toISOString() };
  try {
    await commands.handle(command, { correlationId: requestId });
    did?.('role');
    await changed(id);
  } catch (error) {
    if (!(error instanceof ProblemError) || error.code === 'unavailable') throw error;
    log.warn({ user: id, role, detail: error.message }, 'the role that the issuer says was refused');
  }
}
