import { idOf } from '../../contracts/message.ts';
import type { ToldOfInvitation } from '../../contracts/notifications/invitation.ts';
import type { InvitationState } from '../../write-side/deciders/invitation.ts';
import { Withdrawn } from '../withdrawn.ts';
import { type Teller, whole } from './teller.ts';

/** The teller of invitations that can still be accepted: makes the code of the link, a new one for each message. */
export const tellOfInvitation: Teller<ToldOfInvitation> = async ({ about }, context) => {
  const { status, until } = await whole<InvitationState>(about.stream, context);
  if (status !== 'open') throw new Withdrawn(status === 'accepted' ? 'the invitation was accepted already' : 'the invitation was taken back');
  if (until <= context.now().toISOString()) throw new Withdrawn('the invitation has ended');
  return { code: await context.issueCode(idOf(about.stream), 'invitation'), site: context.site };
};
