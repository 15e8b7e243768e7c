/**
 * Invitation: an admin invites somebody by address, with a role. Events, commands, topics, view, an example of each.
 * Names and shapes of events are storage formats: add, never rename or remove.
 * No event or command holds the code of an invitation: that lives in the secrets store, and in the mail's link.
 */
import { z } from 'zod';
import { aggregate, type Command, type DecidedEvent } from './aggregate.ts';
import { email, emailOnRecord } from './email.ts';
import { id, instant } from './fields.ts';
import { ERASED_ADDRESS, personal } from './personal.ts';
import { role } from './role.ts';

/** `expired`: open until its end, which has passed. */
export const INVITATION_STATUSES = ['open', 'accepted', 'withdrawn', 'expired'] as const;
export const invitationStatus = z.enum(INVITATION_STATUSES);
export type InvitationStatus = z.infer<typeof invitationStatus>;

const until = instant.describe('The end of the invitation: from then on nobody can accept it.');
const address = personal(emailOnRecord, 'address', ERASED_ADDRESS).describe('The address that is invited; the only one that it is good for.');
const InvitationMade = z.strictObject({ email: address, role: role.describe('The role that the account will have.'), until });
const InvitationSentAgain = z.strictObject({ email: address, until });
const InvitationWithdrawn = z.strictObject({
  replaced: z.literal(true).optional().describe('True where another invitation of the same address ended it; missing where an admin took it back.'),
});
const InvitationAccepted = z.strictObject({ userId: id.describe('The account that was made.') });
const InvitationAbandoned = z.strictObject({});

export type InvitationEvent =
  | DecidedEvent<'InvitationMade', z.infer<typeof InvitationMade>>
  | DecidedEvent<'InvitationSentAgain', z.infer<typeof InvitationSentAgain>>
  | DecidedEvent<'InvitationWithdrawn', z.infer<typeof InvitationWithdrawn>>
  | DecidedEvent<'InvitationAccepted', z.infer<typeof InvitationAccepted>>
  | DecidedEvent<'InvitationAbandoned', z.infer<typeof InvitationAbandoned>>;

const MakeInvitation = z.strictObject({ email, role });

export type InvitationCommand =
  | Command<'MakeInvitation', z.infer<typeof MakeInvitation>>
  | Command<'SendInvitationAgain', null>
  | Command<'WithdrawInvitation', null>
  | Command<'AcceptInvitation', z.infer<typeof InvitationAccepted>>;

/** The room of all invitations. */
export const INVITATIONS = 'invitations';

export const invitationContract = aggregate({
  category: 'invitation',
  topics: { [INVITATIONS]: { of: 'all', tells: 'every event of every invitation', followers: 'admins', mayFollow: () => false } },
  events: {
    InvitationMade: {
      begins: true,
      schema: InvitationMade,
      version: 1,
      summary: 'An admin invited an address; a link is mailed to it.',
      example: { email: 'anna@example.org', role: 'member', until: '2027-01-31T09:00:00.000Z' },
    },
    InvitationSentAgain: {
      schema: InvitationSentAgain,
      version: 1,
      summary: 'The mail of an invitation is sent again; it is good for seven days from now.',
      example: { email: 'anna@example.org', until: '2027-02-07T09:00:00.000Z' },
    },
    InvitationWithdrawn: {
      schema: InvitationWithdrawn,
      version: 1,
      summary: 'An invitation was taken back, or another one replaced it.',
      example: {},
    },
    InvitationAccepted: {
      schema: InvitationAccepted,
      version: 1,
      summary: 'Who was invited has made the account.',
      example: { userId: '0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e01' },
    },
    InvitationAbandoned: {
      begins: true,
      schema: InvitationAbandoned,
      version: 1,
      summary: 'An invitation that reserved its address and was never finished was closed by the next one of the address.',
      example: {},
    },
  },
  commands: {
    MakeInvitation: {
      method: 'POST',
      path: '/api/invitations',
      audit: 'invitation',
      body: MakeInvitation,
      who: ['admin'],
      fresh: true,
      summary:
        'Invite an address, with a role; a link that makes the account is mailed to it. Another open invitation of the address ends. Wants a fresh login.',
      example: { email: 'anna@example.org', role: 'member' },
    },
    SendInvitationAgain: {
      method: 'POST',
      path: '/api/invitations/:id/send-again',
      audit: 'invitation',
      body: null,
      who: ['admin'],
      summary: 'Have the mail of an invitation sent again; it is good for seven days from now.',
      example: undefined,
    },
    WithdrawInvitation: {
      method: 'DELETE',
      path: '/api/invitations/:id',
      audit: 'invitation',
      body: null,
      who: ['admin'],
      summary: 'Take an invitation back: its links are of no use any more.',
      example: null,
    },
  },
});

/** An invitation, as `GET /api/invitations` and `GET /api/invitations/:id` show it to admins. */
export const invitationView = z.strictObject({
  id,
  email: emailOnRecord,
  role,
  status: invitationStatus,
  until: instant.describe('The end of the invitation.'),
  madeAt: instant,
  sentAt: instant.describe('When its mail was asked for last.'),
  madeBy: z.string().describe('The user who invited.'),
  userId: id.nullable().describe('The account that came of it.'),
  revision: z.int().nonnegative(),
});
export type InvitationView = z.infer<typeof invitationView>;
