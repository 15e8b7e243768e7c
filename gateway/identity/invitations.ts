/** Invitations, as those need them who let somebody in: found by the code of a mail, or by an address that is proven otherwise, and accepted. */
import { ProblemError } from '../../contracts/problem.ts';
import type { Role } from '../../contracts/role.ts';
import type { CommandHandler, Outcome } from '../../platform/command-handler.ts';
import { invitedValue } from '../../platform/shown-email.ts';
import { stableId } from '../../platform/stable-id.ts';
import type { InvitationState } from '../../write-side/deciders/invitation.ts';
import type { Codes } from './codes.ts';
import { SYSTEM_ITSELF } from './record-of-account.ts';
import type { Users } from './users.ts';

/** An invitation that somebody may accept now. */
export interface OpenInvitation {
  id: string;
  email: string;
  role: Role;
  /** The id of the account that accepting makes: the same whoever accepts it, and however often. */
  userId: string;
}

export interface Invitations {
  /** Resolves to the invitation to which a code belongs, while it can be accepted, or where accepting it was begun and not finished; else null. */
  find(code: string): Promise<OpenInvitation | null>;
  /** Resolves to the open invitation of an address; else null. Good for those alone who have shown that the mailbox is theirs. */
  of(address: string): Promise<OpenInvitation | null>;
  /**
   * Accepts an invitation: records that, and makes the account, which is confirmed. A repeat makes no second one. Errors: ProblemError `conflict` where
   * the invitation was taken back or has ended meanwhile, and where the address belongs to another account.
   */
  accept(invitation: OpenInvitation, person: { name: string; correlationId: string }): Promise<Outcome>;
}

export interface InvitationsOptions {
  commands: CommandHandler;
  codes: Pick<Codes, 'userOf' | 'spend'>;
  users: Users;
  now(): Date;
}

const TAKEN =
  'There is an account with this e-mail address already. Log in to it; where its password is not known, have a link mailed that sets another one.';

/** The refusal of who comes by an invitation by which another one comes, or came, or who began in another way; what nobody finished is for that way alone. */
export function usedByAnother(): ProblemError {
  return new ProblemError(
    'conflict',
    'This invitation was used already, or somebody has begun to use it in another way, by a password or a sign-in. Go on in that way, or ask for another invitation.',
  );
}

/** Makes the function that looks up the address of an invitation that was not taken back; null for any other. */
export function invitedAddressIn(commands: Pick<CommandHandler, 'load'>): (id: string) => Promise<string | null> {
  return async (id) => {
    const { state } = await commands.load<InvitationState>(`invitation-${id}`);
    return state.exists && state.status !== 'withdrawn' ? state.email : null;
  };
}

/** Makes the function that says whether an invitation was accepted, and the account that it made is there. */
export function acceptedIn({
  commands,
  users,
}: {
  commands: Pick<CommandHandler, 'load'>;
  users: Pick<Users, 'get'>;
}): (id: string) => Promise<boolean> {
  return async (id) => {
    const { state } = await commands.load<InvitationState>(`invitation-${id}`);
    return state.status === 'accepted' && state.userId !== null && (await users.get(state.userId)) !== null;
  };
}

export function openInvitations({ commands, codes, users, now }: InvitationsOptions): Invitations {
  async function opened(id: string): Promise<OpenInvitation | null> {
    const { state } = await commands.load<InvitationState>(`invitation-${id}`);
    const userId = stableId('invited', id);
    const { email, role } = state;
    return (await canBeAccepted(state, userId)) ? { id, email, role, userId } : null;
  }

  async function canBeAccepted({ exists, status, until, userId: madeFor }: InvitationState, userId: string): Promise<boolean> {
    if (!exists || status === 'withdrawn') return false;
    if (status === 'open') return now().toISOString() < until;
    // What a process began and did not finish can be finished.
    return madeFor === userId && !(await users.load(userId)).state.exists;
  }

  async function register(invitation: OpenInvitation, { name, correlationId }: { name: string; correlationId: string }): Promise<Outcome> {
    const { id, email, role, userId } = invitation;
    const data = { name, email, role, invitation: id };
    const actor = { id: 'anonymous', role: 'anonymous', seesAll: false } as const;
    const commandId = stableId('register-invited', id);
    const command = { type: 'RegisterUser', stream: `user-${userId}`, id: userId, data, commandId, actor, now: now().toISOString() };
    try {
      return await commands.handle(command, { correlationId });
    } catch (error) {
      if (!(error instanceof ProblemError) || error.code !== 'conflict') throw error;
      throw new ProblemError('conflict', TAKEN, { cause: error });
    }
  }

  return {
    find: async (code) => {
      const id = await codes.userOf(code, 'invitation');
      return id === null ? null : opened(id);
    },
    of: async (address) => {
      const id = await commands.holder(invitedValue(address));
      return id === null ? null : opened(id);
    },
    accept: async (invitation, person) => {
      const { id, email, userId } = invitation;
      const holder = await users.find(email);
      if (holder && holder.id !== userId) throw new ProblemError('conflict', TAKEN);
      const accepting = { type: 'AcceptInvitation', stream: `invitation-${id}`, id, data: { userId } };
      const commandId = stableId('accept-invitation', id);
      await commands.handle({ ...accepting, commandId, actor: SYSTEM_ITSELF, now: now().toISOString() }, { correlationId: person.correlationId });
      const outcome = await register(invitation, person);
      await codes.spend(id, 'invitation');
      return outcome;
    },
  };
}
