/**
 * User: events, commands, topics, views, an example of each.
 * Names and shapes of events are storage formats: add, never rename or remove.
 * No event or command holds a password, a link or a code: those live in the secrets store.
 */
import { z } from 'zod';
import { aggregate, type Command, type DecidedEvent } from './aggregate.ts';
import { email, emailOnRecord } from './email.ts';
import { characters, id, instant, line, phone } from './fields.ts';
import { type Choices, choicesByKind } from './notification-choices.ts';
import { ERASED_ADDRESS, ERASED_PHONE, personal } from './personal.ts';
import { posts } from './post.ts';
import { type Role, role } from './role.ts';
import { typedLine } from './typed-text.ts';

/** The name of a user, as it may be sent. */
export const userName = typedLine(1, 100);
const name = line(1, 100);
/**
 * A new password: 10 to 200 characters, counted in NFKC, in which it is hashed (NIST SP 800-63B-4 asks for 8 beside a second factor, 15 alone).
 * What else is refused, as the most common ones, the gateway knows.
 */
export const password = z
  .string()
  .max(1_000, 'must have at most 200 characters')
  .refine(isWellFormed, 'must be well-formed Unicode')
  .refine((text) => characters(text.normalize('NFKC')) >= 10, 'must have at least 10 characters')
  .refine((text) => characters(text.normalize('NFKC')) <= 200, 'must have at most 200 characters')
  .meta({
    minLength: 10,
    maxLength: 200,
    description:
      'At least 10 characters; 15 are better. No other rules, but that it is not among the most common ones and holds neither name nor address.',
  });

/** A password as somebody types it who has one. */
export const passwordAsTyped = z
  .string()
  .min(1, 'must not be empty')
  .max(1_000, 'must have at most 1,000 characters')
  .refine(isWellFormed, 'must be well-formed Unicode');

function isWellFormed(text: string): boolean {
  return text.isWellFormed();
}

const UserCreated = z.strictObject({
  name: personal(name, 'self').describe('The name, as its owner writes it.'),
  email: personal(emailOnRecord, 'self', ERASED_ADDRESS).describe('The address for mails and for logging in.'),
  role: role.describe('What the user may do.'),
  invitation: id.optional().describe('The invitation that was accepted; missing where there was none.'),
});
const UserEdited = z.strictObject({
  name: personal(name, 'self').optional().describe('The new name; missing where it stays.'),
  email: personal(emailOnRecord, 'self', ERASED_ADDRESS).optional().describe('The new address; missing where it stays.'),
});
const UserPostsSet = z.strictObject({
  posts: posts.describe('All posts of the user from now on: each role with its sites, an empty list of sites meaning all.'),
});
const UserRoleChanged = z.strictObject({ from: role.describe('The role before.'), to: role.describe('The role now.') });
const UserConfirmed = z.strictObject({});
const UserDeleted = z.strictObject({});
const UserErased = z.strictObject({});
/** The ways in which somebody shows that a password is theirs to set. */
const PASSWORD_PROOFS = ['password', 'mailbox', 'operator'] as const;
const ConfirmationRequested = z.strictObject({});
const PasswordResetRequested = z.strictObject({});
const PasswordChanged = z.strictObject({
  by: z
    .enum(PASSWORD_PROOFS)
    .describe('How it was shown to be theirs: by the password before, by a link that was mailed to the address, or by the operator of the machine.'),
});
/** The ways in which somebody shows that an account is theirs to sign in to. */
const JOIN_PROOFS = ['registration', 'password', 'mailbox'] as const;
const SignInJoined = z.strictObject({
  issuer: z.string().describe('The URL of the issuer at which they sign in from now on. Who they are there is in the secrets alone.'),
  by: z
    .enum(JOIN_PROOFS)
    .describe(
      'How the account was shown to be theirs: it was made for them; by its password; or, where nobody had confirmed it, by the address that the issuer verified.',
    ),
});
const SignInParted = z.strictObject({ issuer: z.string().describe('The URL of the issuer at which they sign in no more.') });
const NotificationsChosen = z.strictObject({
  choices: choicesByKind.describe('The channels by kind, all that were ever chosen; a kind that is missing is told as is the default of the role.'),
});
const SecondFactorEnabled = z.strictObject({});
/** Who took a second factor away; `mailbox`: the one who proved the address, since it was set up before that. */
const SECOND_FACTOR_ENDERS = ['owner', 'admin', 'operator', 'mailbox'] as const;
const SecondFactorDisabled = z.strictObject({
  by: z.enum(SECOND_FACTOR_ENDERS).describe('Who took it away: its owner, an admin, whoever runs the installation, or who proved the address.'),
});
const RecoveryCodesMade = z.strictObject({});
const RecoveryCodeUsed = z.strictObject({ left: z.int().min(0).describe('The number of recovery codes that are left.') });
const RegistrationAbandoned = z.strictObject({});
const EmailChangeAbandoned = z.strictObject({});
const EmailChangeRequested = z.strictObject({
  email: personal(emailOnRecord, 'self', ERASED_ADDRESS).describe('The address that is wanted; a link is mailed to it.'),
  until: instant.describe('The time up to which the change waits. A link for it is good for 10 minutes; until then another one can be mailed.'),
});
const PhoneRequested = z.strictObject({
  phone: personal(phone, 'self', ERASED_PHONE).describe('The number that is wanted, as E.164 writes it; a code is sent to it.'),
  until: instant.describe('The time up to which the number waits. A code for it is good for 10 minutes; until then another one can be sent.'),
});
const PhoneConfirmed = z.strictObject({ phone: personal(phone, 'self', ERASED_PHONE).describe('The number, which a code has confirmed.') });
const PhoneRemoved = z.strictObject({ confirmed: z.boolean().describe('True where a number was confirmed; false where one only waited to be.') });
const EmailChangeWithdrawn = z.strictObject({});
const EmailChanged = z.strictObject({
  email: personal(emailOnRecord, 'self', ERASED_ADDRESS).describe('The address now.'),
  previous: personal(emailOnRecord, 'self', ERASED_ADDRESS).describe('The address before, which is told.'),
  by: z
    .enum(['mailbox', 'admin'])
    .describe('`mailbox`: a link that was mailed to it has confirmed it; `admin`: one set it, and it is to be confirmed.'),
});

export type UserEvent =
  | DecidedEvent<'UserCreated', z.infer<typeof UserCreated>>
  | DecidedEvent<'UserEdited', z.infer<typeof UserEdited>>
  | DecidedEvent<'UserRoleChanged', z.infer<typeof UserRoleChanged>>
  | DecidedEvent<'UserPostsSet', z.infer<typeof UserPostsSet>>
  | DecidedEvent<'UserConfirmed', z.infer<typeof UserConfirmed>>
  | DecidedEvent<'ConfirmationRequested', z.infer<typeof ConfirmationRequested>>
  | DecidedEvent<'PasswordResetRequested', z.infer<typeof PasswordResetRequested>>
  | DecidedEvent<'PasswordChanged', z.infer<typeof PasswordChanged>>
  | DecidedEvent<'SignInJoined', z.infer<typeof SignInJoined>>
  | DecidedEvent<'SignInParted', z.infer<typeof SignInParted>>
  | DecidedEvent<'NotificationsChosen', z.infer<typeof NotificationsChosen>>
  | DecidedEvent<'SecondFactorEnabled', z.infer<typeof SecondFactorEnabled>>
  | DecidedEvent<'SecondFactorDisabled', z.infer<typeof SecondFactorDisabled>>
  | DecidedEvent<'RecoveryCodesMade', z.infer<typeof RecoveryCodesMade>>
  | DecidedEvent<'RecoveryCodeUsed', z.infer<typeof RecoveryCodeUsed>>
  | DecidedEvent<'UserDeleted', z.infer<typeof UserDeleted>>
  | DecidedEvent<'UserErased', z.infer<typeof UserErased>>
  | DecidedEvent<'RegistrationAbandoned', z.infer<typeof RegistrationAbandoned>>
  | DecidedEvent<'EmailChangeAbandoned', z.infer<typeof EmailChangeAbandoned>>
  | DecidedEvent<'EmailChangeRequested', z.infer<typeof EmailChangeRequested>>
  | DecidedEvent<'EmailChangeWithdrawn', z.infer<typeof EmailChangeWithdrawn>>
  | DecidedEvent<'EmailChanged', z.infer<typeof EmailChanged>>
  | DecidedEvent<'PhoneRequested', z.infer<typeof PhoneRequested>>
  | DecidedEvent<'PhoneConfirmed', z.infer<typeof PhoneConfirmed>>
  | DecidedEvent<'PhoneRemoved', z.infer<typeof PhoneRemoved>>;

/** The body's `password` goes to the secrets store and never into the command. */
const RegisterUser = z.strictObject({ name: userName, email, password: password.optional() });
const EditUser = z.strictObject({ name: userName.optional(), email: email.optional() });
const ChangeUserRole = z.strictObject({ role });
const SetUserPosts = z.strictObject({ posts });

export type UserCommand =
  /** `confirmed`: an issuer of sign-ins has verified the address. */
  | Command<'RegisterUser', { name: string; email: string; role?: Role; invitation?: string; confirmed?: true }>
  | Command<'EditUser', z.infer<typeof EditUser>>
  | Command<'ConfirmEmailChange', null>
  | Command<'WithdrawEmailChange', null>
  /** `beside`: an admin who stays one, where no user gives the role. */
  | Command<'ChangeUserRole', z.infer<typeof ChangeUserRole> & { beside?: string }>
  | Command<'SetUserPosts', z.infer<typeof SetUserPosts>>
  | Command<'ConfirmUser', null>
  | Command<'RequestConfirmation', null>
  | Command<'RequestPasswordReset', null>
  | Command<'TellPasswordChange', z.infer<typeof PasswordChanged>>
  | Command<'TellSignInJoined', z.infer<typeof SignInJoined>>
  | Command<'TellSignInParted', z.infer<typeof SignInParted>>
  /** The choices change in these kinds; the others stay. */
  | Command<'ChooseNotifications', Choices>
  | Command<'RequestPhone', { phone: string }>
  | Command<'ConfirmPhone', { phone: string }>
  | Command<'RemovePhone', null>
  | Command<'TellSecondFactor', SecondFactorChange>
  | Command<'DeleteUser', null>
  /** Deletes a user, where they are not deleted yet, and has all that is kept of them destroyed. */
  /** `beside`: an admin who stays one, where an admin erases themselves. */
  | Command<'EraseUser', { beside?: string } | null>;

/** What happened to a second factor. */
export type SecondFactorChange =
  | { change: 'enabled' }
  | ({ change: 'disabled' } & z.infer<typeof SecondFactorDisabled>)
  | { change: 'codes' }
  | ({ change: 'used' } & z.infer<typeof RecoveryCodeUsed>);

/** The rooms of a user's events: the user's own, and the admins'. */
export function userTopics(stream: string): string[] {
  return [stream.replace('-', ':'), 'role:admin'];
}

export const userContract = aggregate({
  category: 'user',
  topics: {
    user: {
      of: 'one',
      tells: 'all that concerns one user: tasks made or assigned, orders, files of theirs and on these, notifications, profile, sessions',
      followers: 'that user, admins',
      mayFollow: (caller, userId) => caller.id === userId,
    },
  },
  events: {
    UserCreated: {
      begins: true,
      schema: UserCreated,
      version: 1,
      summary: 'Somebody registered.',
      example: { name: 'Alice Moreau', email: 'alice@example.org', role: 'member' },
    },
    UserEdited: {
      schema: UserEdited,
      version: 1,
      summary: 'A user has another name, or an address written in another way (in older events also another one); only what changed is named.',
      example: { name: 'Alice Moreau-Lang' },
    },
    UserRoleChanged: { schema: UserRoleChanged, version: 1, summary: 'A user has another role.', example: { from: 'member', to: 'maintenance' } },
    UserPostsSet: {
      schema: UserPostsSet,
      version: 1,
      summary: 'A user works at other sites, or in other roles there.',
      example: { posts: [{ role: 'security', sites: ['7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07'] }] },
    },
    UserConfirmed: {
      schema: UserConfirmed,
      version: 1,
      summary: 'A user has shown that the e-mail address is theirs, or an admin said so.',
      example: {},
    },
    ConfirmationRequested: {
      schema: ConfirmationRequested,
      version: 1,
      summary: 'Somebody who knows the address of an account that is not confirmed asked for another confirmation mail.',
      example: {},
    },
    PasswordResetRequested: {
      schema: PasswordResetRequested,
      version: 1,
      summary: 'Somebody who knows the address of an account asked for a link to set another password.',
      example: {},
    },
    PasswordChanged: {
      schema: PasswordChanged,
      version: 1,
      summary: 'A user has another password; all sessions before it have ended, or all but the one in which it was changed.',
      example: { by: 'mailbox' },
    },
    SignInJoined: {
      schema: SignInJoined,
      version: 1,
      summary: 'A user can sign in by OpenID Connect from now on.',
      example: { issuer: 'https://login.example.org', by: 'password' },
    },
    SignInParted: {
      schema: SignInParted,
      version: 1,
      summary: 'A user cannot sign in by OpenID Connect any more with one of the sign-ins that were joined.',
      example: { issuer: 'https://login.example.org' },
    },
    NotificationsChosen: {
      schema: NotificationsChosen,
      version: 1,
      summary: 'A user chose on which channels to be told of kinds of notification.',
      example: { choices: { comment_added: ['email', 'in-app'], due_soon: [] } },
    },
    SecondFactorEnabled: {
      schema: SecondFactorEnabled,
      version: 1,
      summary: 'A user turned a second factor on: logging in asks for a code of an app, too.',
      example: {},
    },
    SecondFactorDisabled: {
      schema: SecondFactorDisabled,
      version: 1,
      summary: 'A second factor was taken away, by its owner or by somebody else.',
      example: { by: 'owner' },
    },
    RecoveryCodesMade: {
      schema: RecoveryCodesMade,
      version: 1,
      summary: 'A user made new recovery codes; those before are not good any more.',
      example: {},
    },
    RecoveryCodeUsed: {
      schema: RecoveryCodeUsed,
      version: 1,
      summary: 'A recovery code was used in place of a code of the app.',
      example: { left: 9 },
    },
    UserDeleted: { schema: UserDeleted, version: 1, summary: 'A user was deleted; the e-mail address is free again.', example: {} },
    UserErased: {
      schema: UserErased,
      version: 1,
      summary:
        'All that is kept of a deleted user is destroyed from now on, for good: other services that keep copies destroy theirs. Personal fields of earlier events read as erased.',
      example: {},
    },
    RegistrationAbandoned: {
      begins: true,
      schema: RegistrationAbandoned,
      version: 1,
      summary: 'A registration that reserved an e-mail address and never finished was closed by the next one who wants the address.',
      example: {},
    },
    EmailChangeAbandoned: {
      schema: EmailChangeAbandoned,
      version: 1,
      summary: 'A change that reserved something, as an e-mail address, and never finished was closed by the next one who wants to reserve it.',
      example: {},
    },
    EmailChangeRequested: {
      schema: EmailChangeRequested,
      version: 1,
      summary: 'A user wants another e-mail address, which a link is mailed to; the address of before stays until that has confirmed it.',
      example: { email: 'alice@example.net', until: '2027-01-31T09:00:00.000Z' },
    },
    EmailChangeWithdrawn: {
      schema: EmailChangeWithdrawn,
      version: 1,
      summary: 'A change of e-mail address was taken back, or its address was somebody else’s when it was to be confirmed.',
      example: {},
    },
    EmailChanged: {
      schema: EmailChanged,
      version: 1,
      summary: 'A user has another e-mail address; the address of before is told.',
      example: { email: 'alice@example.net', previous: 'alice@example.org', by: 'mailbox' },
    },
    PhoneRequested: {
      schema: PhoneRequested,
      version: 1,
      summary: 'A user wants to be reached at a phone number, to which a code is sent; a number of before stays until then.',
      example: { phone: '+4915112345678', until: '2027-01-31T09:00:00.000Z' },
    },
    PhoneConfirmed: {
      schema: PhoneConfirmed,
      version: 1,
      summary: 'A user has shown that a phone number is theirs; SMS go to it from now on.',
      example: { phone: '+4915112345678' },
    },
    PhoneRemoved: {
      schema: PhoneRemoved,
      version: 1,
      summary: 'A user has no phone number any more, and wants none.',
      example: { confirmed: true },
    },
  },
  commands: {
    RegisterUser: {
      method: 'POST',
      path: '/api/users',
      body: RegisterUser,
      who: 'anyone',
      summary: 'Register. The confirmation mail has a link that proves the address, and sets the password.',
      example: { name: 'Alice Moreau', email: 'alice@example.org', password: 'correct horse battery' },
    },
    EditUser: {
      method: 'PATCH',
      path: '/api/users/:id',
      audit: 'account',
      body: EditUser,
      who: 'user',
      limit: 'mails',
      summary:
        'Change a name or an e-mail address (one’s own, or as an admin). Another address wants a fresh login; one’s own changes once the link is followed that is mailed to it (202).',
      example: { name: 'Alice Moreau-Lang' },
    },
    WithdrawEmailChange: {
      method: 'DELETE',
      path: '/api/users/:id/email-change',
      audit: 'account',
      body: null,
      who: 'user',
      summary: 'Take back a change of e-mail address that is not confirmed yet (one’s own, or as an admin).',
      example: null,
    },
    DeleteUser: {
      method: 'DELETE',
      path: '/api/users/:id',
      audit: 'account',
      body: null,
      who: 'user',
      fresh: true,
      summary:
        'Delete a user (oneself, or as an admin). Wants a fresh login. With `erase=true` all that is kept of them is destroyed for good, a deleted user’s, too: the answer is the certificate of that (200), or where it stands (202). Admins erase themselves where another admin stays, whose id is `beside`.',
      example: null,
    },
    ConfirmUser: {
      method: 'POST',
      path: '/api/users/:id/confirm',
      audit: 'confirmation',
      body: null,
      who: ['admin'],
      fresh: true,
      summary: 'Say that a user’s e-mail address is theirs, as an admin who knows that. Wants a fresh login.',
      example: undefined,
    },
    ChangeUserRole: {
      method: 'PUT',
      path: '/api/users/:id/role',
      audit: 'role',
      body: ChangeUserRole,
      who: ['admin'],
      fresh: true,
      summary: 'Give a user another role. Wants a fresh login.',
      example: { role: 'maintenance' },
    },
    SetUserPosts: {
      method: 'PUT',
      path: '/api/users/:id/posts',
      audit: 'role',
      body: SetUserPosts,
      who: ['admin'],
      fresh: true,
      summary:
        'Say what a user is at which sites: each role with its sites, an empty list meaning all. All posts are sent; those left out end. Wants a fresh login.',
      example: { posts: [{ role: 'security', sites: [] }] },
    },
  },
});

/** A user, as `GET /api/users` and `GET /api/users/:id` show it; `email` and `confirmed` only to the user and to admins. */
export const userView = z.strictObject({
  id,
  name,
  role,
  email: emailOnRecord.optional(),
  confirmed: z.boolean().optional(),
  phone: z.string().optional().describe('The confirmed phone number, but for most of its digits; missing where there is none.'),
  createdAt: instant,
  revision: z.int().nonnegative(),
});
export type UserView = z.infer<typeof userView>;
