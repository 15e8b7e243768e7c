import { describe, it } from 'vitest';
import { given, minute } from '../spec.fixture.ts';
import { invitations } from './invitations.ts';

const made = { type: 'InvitationMade', data: { until: minute(2) }, actor: 'an admin' };
const again = { type: 'InvitationSentAgain', data: { until: minute(9) } };
const withdrawn = { type: 'InvitationWithdrawn' };
const replaced = { type: 'InvitationWithdrawn', data: { replaced: true } };

describe('an invitation', () => {
  it('is open, then what became of it', () => {
    given(invitations, made).becomes({ status: 'open', email: 'anna@example.org', madeBy: 'an admin', madeAt: minute(0), userId: null });
    given(invitations, made, again).becomes({ status: 'open', until: minute(9), madeAt: minute(0), sentAt: minute(1), revision: 1 });
    given(invitations, made, withdrawn).becomes({ status: 'withdrawn', revision: 1 });
    given(invitations, made, again, replaced).becomes({ status: 'withdrawn' });
    given(invitations, made, { type: 'InvitationAccepted' }).becomes({ status: 'accepted', userId: '0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e01' });
  });
  it('that had ended when another one replaced it stays expired', () =>
    given(invitations, made, again, { ...again, data: { until: minute(2) } }, replaced).becomes({ status: 'expired' }));
  it('that was closed before it began leaves nothing', () => given(invitations, { type: 'InvitationAbandoned' }).thenNothing());
  it('does not change without being made, nor begins twice', () => {
    given(invitations, withdrawn).outOfPlace();
    given(invitations, made, made).outOfPlace();
  });
});
