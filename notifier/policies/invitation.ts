/** Policy of invitations: the address that is invited is mailed a link, and again where an admin wants that. Pure. */
import type { InvitationEvent } from '../../contracts/invitation.ts';
import type { RecordedEvent } from '../../contracts/message.ts';
import type { Wanted } from '../wanted.ts';

export function invitationPolicy(recorded: RecordedEvent): Wanted[] {
  const event = recorded as RecordedEvent & InvitationEvent;
  if (event.type !== 'InvitationMade' && event.type !== 'InvitationSentAgain') return [];
  const about = { stream: event.stream, revision: event.revision };
  return [{ channel: 'email', kind: 'invitation', recipient: { address: event.data.email }, about }];
}
