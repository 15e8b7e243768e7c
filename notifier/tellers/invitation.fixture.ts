import { exampleEvent } from '../../contracts/catalog.ts';
import type { invitationKinds } from '../../contracts/notifications/invitation.ts';
import { accountGone, BOB, type Happening, row, type Scenes } from './scenes.fixture.ts';

const { stream } = exampleEvent('InvitationMade');
const made: Happening = [stream, 'InvitationMade', { email: 'ann@example.org', role: 'member', until: '2026-11-28T09:00:00.000Z' }];
const again: Happening = [stream, 'InvitationSentAgain', { email: 'ann@example.org', until: '2026-11-30T09:00:00.000Z' }];

export const invitationScenes: Scenes<keyof typeof invitationKinds> = {
  begin: () => [made],
  request: () => ({ toUser: false, about: { stream, revision: 0 } }),
  rows: {
    invitation: [
      row(null),
      row(null, [accountGone]),
      row('the invitation was taken back', [[stream, 'InvitationWithdrawn', {}]]),
      row('the invitation was accepted already', [[stream, 'InvitationAccepted', { userId: BOB }]]),
      row('the invitation has ended', [], { now: '2026-11-28T09:00:00.000Z' }),
      row(null, [again], { now: '2026-11-28T09:00:00.000Z' }),
    ],
  },
};
