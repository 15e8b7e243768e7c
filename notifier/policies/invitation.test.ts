import { expect, it } from 'vitest';
import { exampleEvent } from '../../contracts/catalog.ts';
import { invitationPolicy } from './invitation.ts';

it.each(['InvitationMade', 'InvitationSentAgain'])('%s is mailed to the address that is invited', (type) => {
  const event = exampleEvent(type, { revision: 1 });
  const about = { stream: event.stream, revision: 1 };
  expect(invitationPolicy(event)).toEqual([{ channel: 'email', kind: 'invitation', recipient: { address: 'anna@example.org' }, about }]);
});

it.each(['InvitationWithdrawn', 'InvitationAccepted', 'InvitationAbandoned'])('%s is told to nobody', (type) => {
  expect(invitationPolicy(exampleEvent(type))).toEqual([]);
});
