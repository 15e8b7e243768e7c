/** The account of somebody new, of whom only the issuer knows. */
import { randomUUID } from 'node:crypto';
import { ProblemError } from '../../../contracts/problem.ts';
import { networkOf } from '../../../platform/http/limits/limits.ts';
import { stableId } from '../../../platform/stable-id.ts';
import { triedCode } from '../code-tries.ts';
import { type OpenInvitation, usedByAnother } from '../invitations.ts';
import { recordOfAccount } from '../record-of-account.ts';
import { expectOpenRegistration } from '../session-rules.ts';
import { spentLink } from '../spent-links.ts';
import type { AccountsOptions, Coming } from './accounts.ts';
import { followRole } from './roles.ts';
import type { SignedIn } from './signed-in.ts';

/** A subject that gets an account: under this id, with this address; by this invitation, where there is one. */
interface NewAccount {
  id: string;
  address: string;
  coming: Coming;
  invitation: OpenInvitation | null;
}

const ANONYMOUS = { id: 'anonymous', role: 'anonymous', seesAll: false } as const;
const SYSTEM = { id: 'system', role: 'system', seesAll: true } as const;

/**
 * Joins a subject to the id of a user who is about to be made; resolves to it, or to null where the subject's record is not of this version any more.
 * Errors: ProblemError `forbidden` where nobody may register, `limited`, `conflict` where somebody else comes by the same invitation.
 */
export async function reserve(
  options: AccountsOptions,
  who: SignedIn,
  { version, ip, invitation }: { version: number; ip: string; invitation: OpenInvitation | null },
): Promise<string | null> {
  if (invitation) return reserveInvited(options, who, { id: invitation.userId, version });
  const { limits, registrations, subjects } = options;
  expectOpenRegistration(registrations);
  await limits.consume('registration', networkOf(ip));
  const id = randomUUID();
  return (await subjects.join(who, id, version)) ? id : null;
}

/** The id that an invitation reserved is the first one's who comes by it, while nobody has made the account in another way. */
async function reserveInvited(
  { subjects, users }: AccountsOptions,
  who: SignedIn,
  { id, version }: { id: string; version: number },
): Promise<string | null> {
  if (!(await subjects.claim(who, id))) throw usedByAnother();
  const { exists } = (await users.load(id)).state;
  // They may have made it themselves, in another tab.
  if (exists && (await subjects.find(who))?.value.userId !== id) throw usedByAnother();
  return (await subjects.join(who, id, version)) ? id : null;
}

/** Makes the account, under the id that the subject has already: a repeat makes no second one. Errors: those of the command handler. */
export async function register(
  options: AccountsOptions,
  who: SignedIn,
  { id, address, coming, invitation }: NewAccount,
): Promise<{ userId: string }> {
  try {
    await make(options, who, { id, address, coming, invitation });
  } catch (error) {
    if (error instanceof ProblemError && error.code !== 'unavailable') await options.subjects.part(who);
    throw error;
  }
  tellMade(coming, invitation ? null : who.role);
  // By an invitation, or by a release before this one, it may be there and wait to be confirmed.
  if (who.verified) await recordOfAccount(options, recordedFor(id, coming), { type: 'ConfirmUser', data: null });
  await recordOfAccount(options, recordedFor(id, coming), { type: 'TellSignInJoined', data: { issuer: who.issuer, by: 'registration' } });
  if (invitation) await followRole(options, { role: who.role ?? undefined }, { id, role: invitation.role, coming });
  return { userId: id };
}

/** Tells that an account was made, and that a claim gave it its role. */
function tellMade({ did }: Coming, role: SignedIn['role']): void {
  did?.('registration');
  if (role) did?.('role');
}

/** Makes the account by the invitation, where there is one that is meant for it; else by its own. */
async function make(options: AccountsOptions, who: SignedIn, { id, address, coming, invitation }: NewAccount): Promise<void> {
  const name = who.name ?? nameOf(address);
  if (invitation?.userId === id) {
    await options.invitations.accept(invitation, { name, correlationId: coming.requestId });
    return;
  }
  const data = { name, email: address, ...(who.role ? { role: who.role } : {}), ...(who.verified ? { confirmed: true } : {}) };
  await create(options, { id, data, coming, isMailed: !who.verified });
}

/** Whom the system registers gets no confirmation mail. */
async function create(
  { commands, now }: AccountsOptions,
  { id, data, coming, isMailed }: { id: string; data: object; coming: Coming; isMailed: boolean },
): Promise<void> {
  const commandId = stableId('register-subject', id);
  const actor = isMailed ? ANONYMOUS : SYSTEM;
  const command = { type: 'RegisterUser', stream: `user-${id}`, id, data, commandId, actor, now: now().toISOString() };
  await commands.handle(command, { correlationId: coming.requestId });
}

/** Refuses an invitation to an address that got an account meanwhile. */
export function refuseTaken(): never {
  throw new ProblemError('conflict', 'There is an account with the address that was invited already. Log in to it.');
}

/** The invitation whose code somebody brings; null where they bring none. Error: ProblemError `invalid`, `limited` for a code that is good for nothing. */
export async function invitedBy({ codes, invitations, limits }: AccountsOptions, { ip, invitation }: Coming): Promise<OpenInvitation | null> {
  if (invitation === undefined) return null;
  const found = await triedCode(limits, ip, () => invitations.find(invitation));
  if (found) return found;
  throw await spentLink(codes, invitation, 'invitation', '/invitation');
}

/** The circumstances under which something is recorded of an account, each time anew. */
export function recordedFor(id: string, { requestId }: Coming) {
  return { id, key: randomUUID(), correlationId: requestId };
}

/** The name of somebody who has told none: the address up to its @. */
function nameOf(address: string): string {
  return address.slice(0, address.lastIndexOf('@'));
}
