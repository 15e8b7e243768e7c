/** Invitation: the rules of inviting an address, sending the mail again, taking back and accepting. Its code is none of its business. */
import { storedEmail } from '../../contracts/email.ts';
import { INVITATIONS, type InvitationCommand, type InvitationEvent } from '../../contracts/invitation.ts';
import type { Refusal } from '../../contracts/problem.ts';
import type { Role } from '../../contracts/role.ts';
import { invitedValue } from '../../platform/shown-email.ts';
import { decider } from '../decider.ts';

export interface InvitationState {
  exists: boolean;
  /** True where the invitation was closed before it began, because another one of its address came. */
  abandoned: boolean;
  status: 'open' | 'accepted' | 'withdrawn';
  email: string;
  role: Role;
  /** The end of the invitation (ISO 8601). */
  until: string;
  /** The account that was made; null as long as there is none. */
  userId: string | null;
}

const initial: InvitationState = { exists: false, abandoned: false, status: 'open', email: '', role: 'member', until: '', userId: null };

type Decision = InvitationEvent[] | Refusal;
type CommandOf<T extends InvitationCommand['type']> = Extract<InvitationCommand, { type: T }>;

const DAYS = 7;
const endOf = (now: string) => new Date(Date.parse(now) + DAYS * 86_400_000).toISOString();
const conflict = (detail: string): Refusal => ({ refused: 'conflict', detail });
const OVER = { accepted: 'This invitation was accepted already.', withdrawn: 'This invitation was taken back. Invite anew.' } as const;

function decide(command: InvitationCommand, state: InvitationState): Decision {
  if (command.type === 'MakeInvitation') return make(command, state);
  if (!state.exists) return { refused: 'not_found', detail: 'There is no such invitation.' };
  switch (command.type) {
    case 'SendInvitationAgain':
      return state.status === 'open'
        ? [{ type: 'InvitationSentAgain', data: { email: state.email, until: endOf(command.now) } }]
        : conflict(OVER[state.status]);
    case 'WithdrawInvitation':
      return withdraw(state);
    case 'AcceptInvitation':
      return accept(command, state);
    default:
      return command satisfies never;
  }
}

/** Makes an invitation. Nobody gives a role that is above the own, and no role but admin is above another. */
function make({ data, actor, now }: CommandOf<'MakeInvitation'>, state: InvitationState): Decision {
  if (state.exists || state.abandoned) return conflict('Another invitation of this address came meanwhile. Invite again with a new Idempotency-Key.');
  if (data.role === 'admin' && actor.role !== 'admin' && actor.role !== 'system')
    return { refused: 'forbidden', detail: 'Only admins invite admins.', errors: [{ pointer: '/role', detail: 'is above your own' }] };
  return [{ type: 'InvitationMade', data: { email: storedEmail(data.email.trim()), role: data.role, until: endOf(now) } }];
}

function withdraw({ status }: InvitationState): Decision {
  if (status === 'accepted') return conflict(OVER.accepted);
  return status === 'withdrawn' ? [] : [{ type: 'InvitationWithdrawn', data: {} }];
}

/** Accepts an invitation, once. The same account again changes nothing: it may be a repeat. */
function accept({ data, now }: CommandOf<'AcceptInvitation'>, { status, userId, until }: InvitationState): Decision {
  if (status === 'accepted' && userId === data.userId) return [];
  if (status !== 'open') return conflict(OVER[status]);
  return now < until ? [{ type: 'InvitationAccepted', data }] : conflict('This invitation has ended. Ask for another one.');
}

function evolve(state: InvitationState, event: InvitationEvent): InvitationState {
  switch (event.type) {
    case 'InvitationMade':
      return { ...initial, exists: true, ...event.data };
    case 'InvitationSentAgain':
      return { ...state, until: event.data.until };
    case 'InvitationWithdrawn':
      return { ...state, status: 'withdrawn' };
    case 'InvitationAccepted':
      return { ...state, status: 'accepted', userId: event.data.userId };
    case 'InvitationAbandoned':
      return { ...state, abandoned: true };
    default:
      event satisfies never;
      return state;
  }
}

export const invitation = decider<InvitationState, InvitationCommand, InvitationEvent>({
  initial,
  stateVersion: 1,
  decide,
  evolve,
  topics: () => [INVITATIONS],
  // A second invitation of an address ends the first, instead of being refused.
  claims: (command) => (command.type === 'MakeInvitation' ? { ...invitedValue(command.data.email), takesOver: true } : undefined),
  holds: ({ exists, status, email }) => (exists && status === 'open' ? invitedValue(email) : undefined),
  abandon: ({ exists, abandoned, status }) => {
    if (!exists) return abandoned ? [] : [{ type: 'InvitationAbandoned', data: {} }];
    return status === 'open' ? [{ type: 'InvitationWithdrawn', data: { replaced: true } }] : [];
  },
});
