/**
 * The account of somebody who has signed in at the issuer. Who they are say issuer and subject; the address only finds an account that they may join,
 * and then its owner's password decides.
 */
import type { AuditKind } from '../../../contracts/audit.ts';
import { email as emailSchema, mailboxOf, normaliseEmail } from '../../../contracts/email.ts';
import { FIRST_NEEDED, ProblemError } from '../../../contracts/problem.ts';
import type { CommandHandler } from '../../../platform/command-handler.ts';
import type { Limits } from '../../../platform/http/limits/limits.ts';
import { refuseIncomplete } from '../../../platform/incomplete.ts';
import type { UserState } from '../../../write-side/deciders/user.ts';
import type { Attempts } from '../attempts.ts';
import type { Codes } from '../codes.ts';
import type { Credentials } from '../credentials.ts';
import type { Invitations, OpenInvitation } from '../invitations.ts';
import { recordOfAccount } from '../record-of-account.ts';
import type { SecondFactors } from '../second-factor/second-factors.ts';
import { expectOpenRegistration, type Registrations, refuseUninvited } from '../session-rules.ts';
import type { Sessions } from '../sessions.ts';
import type { Users } from '../users.ts';
import { invitedBy, recordedFor, refuseTaken, register, reserve } from './new-account.ts';
import { followRole } from './roles.ts';
import type { OidcSettings } from './settings.ts';
import type { SignedIn } from './signed-in.ts';
import type { Subjects } from './subjects.ts';

export interface AccountsOptions {
  commands: CommandHandler;
  credentials: Credentials;
  users: Users;
  sessions: Sessions;
  codes: Codes;
  subjects: Subjects;
  secondFactors: SecondFactors;
  attempts: Attempts;
  limits: Limits;
  registrations: Registrations;
  invitations: Invitations;
  settings: OidcSettings;
  log: { warn(data: object, message: string): void };
  /** Called after a user's role or confirmation changed. */
  changed(userId: string): Promise<void>;
  now(): Date;
}

/** The request with which somebody comes, and the password where they were asked for it. */
export interface Coming {
  ip: string;
  requestId: string;
  password?: string | undefined;
  /** The code of an invitation's mail: whoever has it has the mailbox that was invited, whatever the issuer says of addresses. */
  invitation?: string | undefined;
  /** Hears whose account it is about, also where they are refused then. */
  about?(userId: string): void;
  /** Hears what else was done: an account made, a role given or taken. */
  did?(kind: Extract<AuditKind, 'registration' | 'role'>): void;
}

/**
 * The user as whom somebody comes in, `tookOver` where that took the account, which nobody had confirmed, from whoever made it; or the address of an
 * account whose password is asked for once.
 */
export type Entry = { userId: string; tookOver?: true } | { asksPasswordOf: string };

type Found = NonNullable<Awaited<ReturnType<Users['find']>>>;

/**
 * Finds or makes the account of who signed in. Errors: ProblemError `conflict` for an address that is another account's, `invalid` for a wrong password and
 * for an address that is none, `forbidden` where no account may be made, `limited`.
 */
export async function enter(options: AccountsOptions, who: SignedIn, coming: Coming): Promise<Entry> {
  const joined = await options.subjects.find(who);
  const user = joined && { ...(await options.users.load(joined.value.userId)).state, id: joined.value.userId };
  if (user?.exists && !user.deleted) return comeBack(options, who, { user, coming });
  const invited = await invitedBy(options, coming);
  const address = invited?.email ?? addressOf(who, options.settings);
  const holder = await options.users.find(address);
  if (holder) return invited ? refuseTaken() : enterAs(options, who, { holder, coming });
  return begin(options, who, { user, version: joined?.version ?? 0, address, coming, invited });
}

/** Somebody new, whose address is nobody's yet. */
async function begin(
  options: AccountsOptions,
  who: SignedIn,
  {
    user,
    version,
    address,
    coming,
    invited,
  }: { user: JoinedUser | null; version: number; address: string; coming: Coming; invited: OpenInvitation | null },
): Promise<Entry> {
  const invitation = invited ?? (await invitationOf(options, who, address));
  const id = begunFor(options, user, invitation) ?? (await reserve(options, who, { version, ip: coming.ip, invitation }));
  // Somebody was faster, as the same person in another tab.
  return id === null ? enter(options, who, coming) : register(options, who, { id, address, coming, invitation });
}

/**
 * The open invitation of an address that the issuer has verified. Error: ProblemError `forbidden` where it has not, and there is one: without the code of
 * its mail the account would have neither its role nor, for whoever was invited, its address.
 */
async function invitationOf({ invitations }: AccountsOptions, { verified }: SignedIn, address: string): Promise<OpenInvitation | null> {
  const open = await invitations.of(address);
  return open === null || verified ? open : refuseUninvited();
}

type JoinedUser = UserState & { id: string };

/**
 * The id of a user whose registration went no further than to join them to a subject; null for any other, who gets another account. An id that an
 * invitation reserved is good for that one alone. Error: ProblemError `forbidden` where nobody may register any more.
 */
function begunFor({ registrations }: AccountsOptions, user: JoinedUser | null, invitation: OpenInvitation | null): string | null {
  if (user === null || user.exists || user.abandoned) return null;
  if (invitation) return invitation.userId === user.id ? user.id : null;
  expectOpenRegistration(registrations);
  return user.id;
}

/** Somebody who was here before. Their address here stays as it is, whatever the issuer says now. */
async function comeBack(
  options: AccountsOptions,
  who: SignedIn,
  { user, coming }: { user: JoinedUser; coming: Coming },
): Promise<{ userId: string; tookOver?: true }> {
  const takesOver = !user.confirmed && isVerifiedAs(who, user.email);
  if (takesOver) await handOver(options, who, { id: user.id, coming });
  await followRole(options, who, { id: user.id, role: user.role, coming });
  return { userId: user.id, ...(takesOver ? { tookOver: true } : {}) };
}

/** Somebody new, whose address is an account's; or whose own account another tab has made meanwhile. */
async function enterAs(options: AccountsOptions, who: SignedIn, { holder, coming }: { holder: Found; coming: Coming }): Promise<Entry> {
  coming.about?.(holder.id);
  if ((await options.subjects.find(who))?.value.userId === holder.id)
    return comeBack(options, who, { user: { ...holder.state, id: holder.id }, coming });
  if (!isVerifiedAs(who, holder.state.email))
    throw new ProblemError(
      'conflict',
      `There is an account with the address of your account at ${options.settings.name}, and ${options.settings.name} has not verified that it is yours.${holder.state.confirmed ? '' : ' Nobody has confirmed that account either: if it is not yours, have an admin delete it, and sign in again.'}`,
    );
  return holder.state.confirmed ? join(options, who, { holder, coming }) : takeOver(options, who, { holder, coming });
}

/** Joins an account that is confirmed, once its owner has given the password. */
async function join(options: AccountsOptions, who: SignedIn, { holder, coming }: { holder: Found; coming: Coming }): Promise<Entry> {
  const { attempts, credentials, subjects } = options;
  const { id, state } = holder;
  const version = await credentials.version(id);
  if (version === 0) throw new ProblemError('conflict', 'The account with your address has no password by which you could join it. Ask an admin.');
  const { password } = coming;
  if (password === undefined) return { asksPasswordOf: state.email };
  const isRight = await attempts.attempt(normaliseEmail(state.email), coming.ip, (asker) => credentials.verify(id, password, asker));
  if (!isRight)
    throw new ProblemError('invalid', 'The password is wrong.', { errors: [{ pointer: '/password', detail: 'is not that of the account' }] });
  await expectOwnPassword(options, id);
  const changed = () => new ProblemError('conflict', 'The password was changed meanwhile. Sign in again.');
  // Before it is told, so that nothing is told that never is; and after it, for a change that was made meanwhile.
  if ((await credentials.version(id)) !== version) throw changed();
  await tellJoined(options, who, { id, coming, by: 'password' });
  await take(options, who, id);
  if ((await credentials.version(id)) !== version) {
    await subjects.part(who);
    throw changed();
  }
  return comeBack(options, who, { user: { ...state, id }, coming });
}

/** Joins nobody by a password that was made for them: it stood on a screen. Where no password lets anybody in, there is no other one. */
async function expectOwnPassword({ credentials, settings }: AccountsOptions, id: string): Promise<void> {
  if (settings.only || !(await credentials.isMade(id))) return;
  throw new ProblemError('forbidden', 'This password was made for you: log in with it, choose another one, and sign in again then.', {
    type: FIRST_NEEDED.password,
  });
}

/** Gives an account that nobody has confirmed to who has its mailbox. */
async function takeOver(options: AccountsOptions, who: SignedIn, { holder, coming }: { holder: Found; coming: Coming }): Promise<Entry> {
  const { id, state } = holder;
  await tellJoined(options, who, { id, coming, by: 'mailbox' });
  await take(options, who, id);
  await handOver(options, who, { id, coming });
  return { ...(await comeBack(options, who, { user: { ...state, confirmed: true, id }, coming })), tookOver: true };
}

/** Has it told that a sign-in is joined to an account: before it is, so that a process that is killed then has not kept it from the owner. */
async function tellJoined(
  options: AccountsOptions,
  { issuer }: SignedIn,
  { id, coming, by }: { id: string; coming: Coming; by: 'password' | 'mailbox' },
): Promise<void> {
  await recordOfAccount(options, recordedFor(id, coming), { type: 'TellSignInJoined', data: { issuer, by } });
}

async function take({ subjects }: AccountsOptions, who: SignedIn, id: string): Promise<void> {
  const before = await subjects.find(who);
  if (before?.value.userId === id || (await subjects.join(who, id, before?.version ?? 0))) return;
  throw new ProblemError('conflict', 'You have signed in in another tab meanwhile. Sign in again.');
}

/**
 * The issuer has verified the address, as a mailed link would: whoever made the account before loses every way into it. It is confirmed last, so that a
 * repeat does what a failure left.
 */
async function handOver(options: AccountsOptions, who: SignedIn, { id, coming }: { id: string; coming: Coming }): Promise<void> {
  const { credentials, sessions, codes, subjects, secondFactors, users, changed } = options;
  // Before anything is taken away: that the address is confirmed could not be recorded.
  refuseIncomplete(await users.load(id));
  await credentials.remove(id);
  await secondFactors.remove(id, true);
  await subjects.partAll(id, who);
  await sessions.endAll(id, 'password');
  await codes.spendAll(id, ['confirm']);
  // The number of whoever made the account would be sent what its owner is told.
  await recordOfAccount(options, recordedFor(id, coming), { type: 'RemovePhone', data: null });
  await recordOfAccount(options, recordedFor(id, coming), { type: 'ConfirmUser', data: null });
  await changed(id);
}

function addressOf({ email }: SignedIn, { name }: OidcSettings): string {
  if (email === null) throw new ProblemError('invalid', `${name} has not told your e-mail address, and there is no account without one.`);
  const address = emailSchema.safeParse(email);
  if (!address.success) throw new ProblemError('invalid', `The e-mail address that ${name} has of you cannot be used here.`);
  return address.data;
}

/** True where the issuer has verified this very address. Forms of it that only we take for equal may be another's there. */
function isVerifiedAs({ email, verified }: SignedIn, address: string): boolean {
  return verified && email !== null && mailboxOf(email) === mailboxOf(address);
}
