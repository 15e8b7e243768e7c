/** The rules of changing a user's e-mail address: one's own waits to be confirmed by a link, an admin sets another's at once. */
import { mailboxOf, normaliseEmail, storedEmail } from '../../contracts/email.ts';
import type { Refusal } from '../../contracts/problem.ts';
import type { UserCommand, UserEvent } from '../../contracts/user.ts';
import type { UserState } from './user.ts';

type CommandOf<T extends UserCommand['type']> = Extract<UserCommand, { type: T }>;

/** True where two texts are one address. */
export const isSameAddress = (one: string, other: string) => normaliseEmail(one) === normaliseEmail(other);
/** True for a user who edits themself: who wants another address shows first that it is theirs. */
const isOwn = ({ actor, id }: UserCommand) => actor.id === id;

/** Milliseconds for which a change of address may wait to be confirmed. Its link is good for minutes only, and can be asked for again. */
const PENDING = 86_400_000;

/** The event of an edit that names another address than the user has. */
export function emailMoved(command: CommandOf<'EditUser'>, address: string, { email: previous }: UserState): UserEvent {
  const email = storedEmail(address);
  if (!isOwn(command)) return { type: 'EmailChanged', data: { email, previous, by: 'admin' } };
  return { type: 'EmailChangeRequested', data: { email, until: new Date(Date.parse(command.now) + PENDING).toISOString() } };
}

/** The decision on a change of address that waits to be confirmed. */
export function decideOfEmailChange(
  { type, now }: CommandOf<'ConfirmEmailChange' | 'WithdrawEmailChange'>,
  { pending, email: previous }: UserState,
): UserEvent[] | Refusal {
  if (type === 'WithdrawEmailChange') return pending ? [{ type: 'EmailChangeWithdrawn', data: {} }] : [];
  if (!pending || now >= pending.until) return { refused: 'conflict', detail: 'No change of e-mail address is waiting to be confirmed.' };
  return [{ type: 'EmailChanged', data: { email: pending.email, previous, by: 'mailbox' } }];
}

/** The address that a command wants for its user; undefined for none. */
export function addressWanted(command: UserCommand, { pending }: UserState): string | undefined {
  if (command.type === 'RegisterUser') return command.data.email;
  if (command.type === 'EditUser') return isOwn(command) ? undefined : command.data.email;
  return command.type === 'ConfirmEmailChange' ? pending?.email : undefined;
}

/**
 * True where a command gives an admin an address that nobody has confirmed, by which that admin may be able to do nothing. Such commands are decided one
 * after the other, as those that take the role away.
 */
export function locksOut(command: UserCommand, { exists, deleted, role, confirmed, email }: UserState): boolean {
  if (command.type !== 'EditUser' || command.actor.id === command.id || command.data.email === undefined) return false;
  return exists && !deleted && role === 'admin' && confirmed && mailboxOf(command.data.email) !== mailboxOf(email);
}
