/** User: the rules of registering, confirming, editing, roles and deleting. Passwords and sessions are none of its business. */

import { mailboxOf, normaliseEmail, storedEmail } from '../../contracts/email.ts';
import type { Choices } from '../../contracts/notification-choices.ts';
import type { Post } from '../../contracts/post.ts';
import type { Refusal } from '../../contracts/problem.ts';
import { isAbove, type Role } from '../../contracts/role.ts';
import { type SecondFactorChange, type UserCommand, type UserEvent, userTopics } from '../../contracts/user.ts';
import type { UniqueValue } from '../../platform/command-handler.ts';
import { FIRST_ADMIN_IDS } from '../../platform/first-admin-ids.ts';
import { emailValue } from '../../platform/shown-email.ts';
import { decider, type Facts } from '../decider.ts';
import { addressWanted, decideOfEmailChange, emailMoved, isSameAddress, locksOut } from './email-change.ts';
import { decideOfPhone, phonesAfter } from './phone.ts';
import { setPosts, sitesNamed } from './posts.ts';

export interface UserState {
  exists: boolean;
  deleted: boolean;
  /** True where all that is kept of the user is destroyed, or being destroyed. */
  erased: boolean;
  /** True where the registration was closed because somebody else wanted its address. */
  abandoned: boolean;
  name: string;
  email: string;
  role: Role;
  /** The posts that were set beside the role; `postsOf` of contracts/post.ts tells what follows. */
  posts: readonly Post[];
  confirmed: boolean;
  /** The channels that the user has chosen, by kind of notification. */
  choices: Choices;
  /** The address that the user wants and has not confirmed yet, and the time up to which that can be done (ISO 8601); null for none. */
  pending: { email: string; until: string } | null;
  /** The phone number that the user has confirmed, as E.164 writes it; null for none. */
  phone: string | null;
  /** The number that the user wants and has not confirmed yet, and the time up to which that can be done (ISO 8601); null for none. */
  pendingPhone: { phone: string; until: string } | null;
}

export const initial: UserState = {
  exists: false,
  deleted: false,
  erased: false,
  abandoned: false,
  name: '',
  email: '',
  role: 'member',
  posts: [],
  confirmed: false,
  pending: null,
  phone: null,
  pendingPhone: null,
  choices: {},
};

type ActingRole = UserCommand['actor']['role'];
type CommandOf<T extends UserCommand['type']> = Extract<UserCommand, { type: T }>;
type Decision = UserEvent[] | Refusal;

function decide(command: UserCommand, state: UserState, facts: Facts): Decision {
  if (command.type === 'RegisterUser') return register(command, state);
  if (!isFound(command, state)) return { refused: 'not_found', detail: 'There is no such user.' };
  switch (command.type) {
    case 'EditUser':
      return selfOrAdmin(command) ?? edit(command, state, facts);
    case 'ChangeUserRole':
      return changeRole(command, state, facts);
    case 'SetUserPosts':
      return setPosts(command, state, facts);
    case 'DeleteUser':
      return remove(command, state, facts);
    case 'EraseUser':
      return erase(command, state, facts);
    case 'ConfirmEmailChange':
    case 'WithdrawEmailChange':
      return selfOrAdmin(command) ?? decideOfEmailChange(command, state);
    case 'ChooseNotifications':
      return selfOrAdmin(command) ?? choose(command.data, state);
    case 'RequestPhone':
    case 'ConfirmPhone':
    case 'RemovePhone':
      return selfOrAdmin(command) ?? decideOfPhone(command, state);
    default:
      return decideOfAccount(command, state);
  }
}

/** True where there is the user of a command. Who was deleted can only be erased. */
function isFound({ type }: UserCommand, { exists, deleted }: UserState): boolean {
  return exists && (!deleted || type === 'EraseUser');
}

/** What the gateway has recorded of an account: that its address is proven, that a link is wanted, that its password is another one. */
function decideOfAccount(
  command: CommandOf<
    | 'ConfirmUser'
    | 'RequestConfirmation'
    | 'RequestPasswordReset'
    | 'TellPasswordChange'
    | 'TellSignInJoined'
    | 'TellSignInParted'
    | 'TellSecondFactor'
  >,
  { confirmed }: UserState,
): Decision {
  switch (command.type) {
    case 'ConfirmUser':
      return confirmed ? [] : [{ type: 'UserConfirmed', data: {} }];
    case 'RequestConfirmation':
      return confirmed ? [] : [{ type: 'ConfirmationRequested', data: {} }];
    case 'RequestPasswordReset':
      return [{ type: 'PasswordResetRequested', data: {} }];
    case 'TellPasswordChange':
      return [{ type: 'PasswordChanged', data: command.data }];
    case 'TellSignInJoined':
      return [{ type: 'SignInJoined', data: command.data }];
    case 'TellSignInParted':
      return [{ type: 'SignInParted', data: command.data }];
    case 'TellSecondFactor':
      return [secondFactorEvent(command.data)];
    default:
      return command satisfies never;
  }
}

function secondFactorEvent(of: SecondFactorChange): UserEvent {
  switch (of.change) {
    case 'enabled':
      return { type: 'SecondFactorEnabled', data: {} };
    case 'disabled':
      return { type: 'SecondFactorDisabled', data: { by: of.by } };
    case 'codes':
      return { type: 'RecoveryCodesMade', data: {} };
    case 'used':
      return { type: 'RecoveryCodeUsed', data: { left: of.left } };
    default:
      return of satisfies never;
  }
}

function selfOrAdmin({ actor, id }: UserCommand): Refusal | undefined {
  if (actor.id === id || actor.role === 'admin' || actor.role === 'system') return undefined;
  return { refused: 'forbidden', detail: 'Only the user, or an admin, may do this.' };
}

function register(command: CommandOf<'RegisterUser'>, state: UserState): Decision {
  if (state.abandoned)
    return { refused: 'conflict', detail: 'Another registration took this address meanwhile. Register again with a new Idempotency-Key.' };
  if (state.exists) return { refused: 'conflict', detail: 'This user exists already.' };
  const { name, email, role = 'member', invitation, confirmed } = command.data;
  const created: UserEvent = { type: 'UserCreated', data: { name, email: storedEmail(email.trim()), role, ...(invitation ? { invitation } : {}) } };
  // Who has the code of an invitation has the mailbox to which it was sent. In one append: nobody is to find the account of before.
  return invitation || confirmed ? [created, { type: 'UserConfirmed', data: {} }] : [created];
}

function edit(command: CommandOf<'EditUser'>, state: UserState, facts: Facts): Decision {
  const { name = state.name, email = state.email } = command.data;
  const isOther = mailboxOf(email) !== mailboxOf(state.email);
  const isRespelt = !isOther && storedEmail(email) !== storedEmail(state.email);
  const changes = { ...(name !== state.name ? { name } : {}), ...(isRespelt ? { email } : {}) };
  const refusal = locksOut(command, state) && lockedOut(command, facts);
  if (refusal) return refusal;
  const edited: UserEvent[] = Object.keys(changes).length === 0 ? [] : [{ type: 'UserEdited', data: changes }];
  return isOther ? [...edited, emailMoved(command, email, state)] : edited;
}

/** The refusal for who is locked out by now: of two admins who give each other another address at once, one does. */
function lockedOut(command: UserCommand, facts: Facts): Refusal | undefined {
  const { exists, confirmed } = (facts.actor ?? initial) as UserState;
  if (!isAdmin(roleOfActor(command, facts))) return { refused: 'forbidden', detail: 'Only the user, or an admin, may do this.' };
  if (!exists || confirmed) return undefined;
  return { refused: 'conflict', detail: 'Nobody has confirmed your own address: confirm it before you change that of another admin.' };
}

const LAST_ADMIN: Refusal = {
  refused: 'conflict',
  detail: 'This is the last admin that is known: nobody could give roles any more. Make another user an admin first.',
};

const NOBODY_STAYS: Refusal = {
  refused: 'conflict',
  detail:
    'An admin is erased where another admin stays, who can log in: name one by their id, as erase=true&beside=<id>. Where there is none, make another user an admin first.',
};

/**
 * Changes a user's role. Admins cannot change their own, and who does it for another is one now, as `goes` makes sure; the system and the
 * operator take it where another one stays: so there is always somebody who can give roles.
 */
function changeRole(command: CommandOf<'ChangeUserRole'>, state: UserState, facts: Facts): Decision {
  const by = roleOfActor(command, facts);
  if (command.data.role === state.role) return [];
  if (command.actor.id === command.id) return { refused: 'conflict', detail: 'Admins do not change their own role; another admin does.' };
  if (!isAdmin(by)) return { refused: 'forbidden', detail: 'Only admins give roles.' };
  if (isAbove(command.data.role, by) || isAbove(state.role, by))
    return { refused: 'forbidden', detail: 'Nobody gives a role above the own, nor takes one from who is above.' };
  if (isTakenByNoUser(command, state) && !isAnotherAdmin(facts)) return LAST_ADMIN;
  return [{ type: 'UserRoleChanged', data: { from: state.role, to: command.data.role } }];
}

/** Channels have no order: another one is no change. */
function choose(data: Choices, { choices: before }: UserState): Decision {
  const inOrder = Object.fromEntries(Object.entries(data).map(([kind, channels]) => [kind, channels.toSorted()]));
  const choices: Choices = { ...before, ...inOrder };
  return JSON.stringify(choices) === JSON.stringify(before) ? [] : [{ type: 'NotificationsChosen', data: { choices } }];
}

function isAdmin(by: ActingRole): boolean {
  return by === 'admin' || by === 'system';
}

/** The role that the actor has now, where another user acts; nobody's for one who was deleted. Else the role with which the command came. */
function roleOfActor({ actor }: UserCommand, { actor: known }: Facts): ActingRole {
  const { exists, deleted, role } = (known ?? initial) as UserState;
  if (!exists) return actor.role;
  return deleted ? 'anonymous' : role;
}

/** True where a command takes the role of an admin away. Such commands are decided one after the other, each on the actor's role of then. */
function goes(command: UserCommand, { exists, deleted, role }: UserState): boolean {
  if (!exists || deleted || role !== 'admin') return false;
  return command.type === 'DeleteUser' || command.type === 'EraseUser' || (command.type === 'ChangeUserRole' && command.data.role !== 'admin');
}

/** True where no user makes an admin go, but a sign-in, or the operator of the machine: such a command has no actor who stays an admin. */
function isTakenByNoUser(command: UserCommand, state: UserState): boolean {
  return !isUser(command.actor) && goes(command, state);
}

const isUser = ({ id }: UserCommand['actor']) => /^[0-9a-f]{8}-/.test(id);

/** True where one of the facts is a user who can log in as an admin. */
function isAnotherAdmin(facts: Facts): boolean {
  return (Object.values(facts) as UserState[]).some(({ exists, deleted, role, confirmed }) => exists && !deleted && confirmed && role === 'admin');
}

/** Who may be an admin beside the user of a command: the first one, under each id that it may have, and whom the command names. */
function otherAdmins(command: UserCommand): Record<string, string> {
  const { beside } = command.type === 'ChangeUserRole' || command.type === 'EraseUser' ? (command.data ?? {}) : {};
  const ids = [...FIRST_ADMIN_IDS, ...(beside === undefined ? [] : [beside])];
  return Object.fromEntries(ids.filter((one) => one !== command.id).map((one) => [one, `user-${one}`]));
}

function remove(command: CommandOf<'DeleteUser' | 'EraseUser'>, state: UserState, facts: Facts): Decision {
  const by = roleOfActor(command, facts);
  if (command.actor.id !== command.id && !isAdmin(by)) return { refused: 'forbidden', detail: 'Only the user, or an admin, may do this.' };
  if (isAbove(state.role, by)) return { refused: 'forbidden', detail: 'Nobody deletes who is above the own role.' };
  if (isByAdminOf(command, state)) return leave(command, facts);
  if (isTakenByNoUser(command, state) && !isAnotherAdmin(facts)) return LAST_ADMIN;
  return [{ type: 'UserDeleted', data: {} }];
}

/** An admin goes by themselves only to be erased, which is everybody's right, and where another one stays. */
function leave({ type }: UserCommand, facts: Facts): Decision {
  if (type !== 'EraseUser') return { refused: 'conflict', detail: 'Admins do not delete themselves; another admin does.' };
  return isAnotherAdmin(facts) ? [{ type: 'UserDeleted', data: {} }] : NOBODY_STAYS;
}

/** True where admins make themselves go. */
function isByAdminOf({ actor, id }: UserCommand, { role }: UserState): boolean {
  return role === 'admin' && actor.id === id;
}

/** Deletes and erases. Who was deleted before is erased by an admin, and who is erased stays so. */
function erase(command: CommandOf<'EraseUser'>, state: UserState, facts: Facts): Decision {
  const removed = remove(command, state, facts);
  if ('refused' in removed || state.erased) return 'refused' in removed ? removed : [];
  return [...(state.deleted ? [] : removed), { type: 'UserErased', data: {} }];
}

function created({ name, email, role }: Extract<UserEvent, { type: 'UserCreated' }>['data']): UserState {
  return { ...initial, exists: true, name, email, role };
}

export function evolve(state: UserState, event: UserEvent): UserState {
  switch (event.type) {
    case 'UserCreated':
      return created(event.data);
    case 'UserEdited': {
      const moved = event.data.email !== undefined && normaliseEmail(event.data.email) !== normaliseEmail(state.email);
      return { ...state, ...(event.data as Partial<UserState>), confirmed: state.confirmed && !moved };
    }
    case 'UserRoleChanged':
      return { ...state, role: event.data.to };
    case 'UserPostsSet':
      return { ...state, posts: event.data.posts };
    case 'UserConfirmed':
      return { ...state, confirmed: true, pending: null };
    case 'NotificationsChosen':
      return { ...state, choices: event.data.choices as Choices };
    case 'UserDeleted':
      return { ...state, deleted: true, name: '', email: '', pending: null, phone: null, pendingPhone: null };
    case 'UserErased':
      return { ...state, erased: true };
    case 'RegistrationAbandoned':
      return { ...state, abandoned: true };
    default:
      return evolveOfAccount(state, event);
  }
}

function evolveOfAccount(
  state: UserState,
  event: Exclude<
    UserEvent,
    {
      type:
        | ('UserCreated' | 'UserEdited' | 'UserRoleChanged' | 'UserPostsSet' | 'UserConfirmed' | 'UserDeleted' | 'UserErased')
        | ('RegistrationAbandoned' | 'NotificationsChosen');
    }
  >,
): UserState {
  switch (event.type) {
    case 'EmailChangeRequested':
      return { ...state, pending: event.data };
    case 'PhoneRequested':
    case 'PhoneConfirmed':
    case 'PhoneRemoved':
      return { ...state, ...phonesAfter(event) };
    case 'EmailChangeWithdrawn':
      return { ...state, pending: null };
    case 'EmailChanged':
      return { ...state, email: event.data.email, confirmed: event.data.by === 'mailbox', pending: null };
    case 'PasswordChanged':
      // Who has the mailbox takes the account back, and with it what somebody else may have asked for.
      return event.data.by === 'mailbox' ? { ...state, pending: null, pendingPhone: null } : state;
    case 'ConfirmationRequested':
    case 'PasswordResetRequested':
    case 'SignInJoined':
    case 'SignInParted':
    case 'SecondFactorEnabled':
    case 'SecondFactorDisabled':
    case 'RecoveryCodesMade':
    case 'RecoveryCodeUsed':
    case 'EmailChangeAbandoned':
      return state;
    default:
      // No event comes here: an unknown one is not given to a fold (invariant 17).
      event satisfies never;
      return state;
  }
}

const noNeeds: Record<string, string> = {};

export const user = decider<UserState, UserCommand, UserEvent>({
  initial,
  stateVersion: 6,
  decide,
  evolve,
  topics: (stream) => userTopics(stream),
  needs: (command, state) => {
    if (isTakenByNoUser(command, state) || (command.type === 'EraseUser' && isByAdminOf(command, state))) return otherAdmins(command);
    if (command.type === 'SetUserPosts') return sitesNamed(command.data.posts);
    const { type, id, actor } = command;
    const isOfRights = type === 'ChangeUserRole' || type === 'DeleteUser' || type === 'EraseUser' || locksOut(command, state);
    const isAboutAnother = isOfRights && actor.id !== id;
    return isAboutAnother && isUser(actor) ? { actor: `user-${actor.id}` } : noNeeds;
  },
  claims: (command, state) => {
    const turn: UniqueValue = { kind: 'admin-role', value: 'given up' };
    if (goes(command, state)) return turn;
    const email = addressWanted(command, state);
    if (email === undefined || (state.exists && isSameAddress(email, state.email))) return undefined;
    // The turn, which many may want, as late as can be.
    return locksOut(command, state) ? [emailValue(email), turn] : emailValue(email);
  },
  holds: (state) => (state.exists && !state.deleted ? emailValue(state.email) : undefined),
  abandon: (state) => {
    if (state.deleted || state.abandoned) return [];
    return [state.exists ? { type: 'EmailChangeAbandoned', data: {} } : { type: 'RegistrationAbandoned', data: {} }];
  },
});
