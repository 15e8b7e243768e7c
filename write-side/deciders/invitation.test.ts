import { describe, expect, it } from 'vitest';
import { type InvitationCommand, type InvitationEvent, invitationContract } from '../../contracts/invitation.ts';
import { ADMIN, ALICE, BOB, command, given } from '../spec.fixture.ts';
import { invitation } from './invitation.ts';

/** Seven days after the time of the specifications' commands. */
const UNTIL = '2026-11-28T09:00:00.000Z';
const ANNA = { email: 'Anna@Example.org', role: 'member' };
const made: InvitationEvent = { type: 'InvitationMade', data: { email: 'Anna@example.org', role: 'member', until: UNTIL } };
const withdrawn: InvitationEvent = { type: 'InvitationWithdrawn', data: {} };
const accepted: InvitationEvent = { type: 'InvitationAccepted', data: { userId: BOB.id } };
const ask = (type: InvitationCommand['type'], data: unknown = null, more: object = {}) =>
  command<InvitationCommand>(type, data, { actor: ADMIN, ...more });
const acceptFor = (userId: string, more: object = {}) => ask('AcceptInvitation', { userId }, more);
const stateOf = (...events: InvitationEvent[]) => events.reduce(invitation.evolve, invitation.initial);

describe('an invitation', () => {
  it('is made for seven days, with a role that is not above the own', () => {
    given(invitation).when(ask('MakeInvitation', ANNA)).then(made);
    given(invitation)
      .when(ask('MakeInvitation', { ...ANNA, role: 'admin' }, { actor: ALICE }))
      .refuses('forbidden', '/role');
  });
  it('is sent again for seven days more, also after its end', () =>
    given(invitation, made)
      .when(ask('SendInvitationAgain', null, { now: '2026-12-24T09:00:00.000Z' }))
      .then({ type: 'InvitationSentAgain', data: { email: 'Anna@example.org', until: '2026-12-31T09:00:00.000Z' } }));
  it('is taken back once, and then neither sent nor accepted', () => {
    given(invitation, made).when(ask('WithdrawInvitation')).then(withdrawn);
    given(invitation, made, withdrawn).when(ask('WithdrawInvitation')).then();
    given(invitation, made, withdrawn).when(ask('SendInvitationAgain')).refuses('conflict');
    given(invitation, made, withdrawn).when(acceptFor(BOB.id)).refuses('conflict');
  });
  it('is accepted once, by one account, up to its end', () => {
    given(invitation, made).when(acceptFor(BOB.id)).then(accepted);
    given(invitation, made, accepted).when(acceptFor(BOB.id)).then();
    given(invitation, made, accepted).when(acceptFor(ALICE.id)).refuses('conflict');
    given(invitation, made, accepted).when(ask('WithdrawInvitation')).refuses('conflict');
    given(invitation, made)
      .when(acceptFor(BOB.id, { now: UNTIL }))
      .refuses('conflict');
  });
  it('that nobody made is not found, and one that was closed before it began is not made', () => {
    given(invitation).when(ask('WithdrawInvitation')).refuses('not_found');
    given(invitation, { type: 'InvitationAbandoned', data: {} }).when(ask('MakeInvitation', ANNA)).refuses('conflict');
  });
  it('has its address while it is open, and gives way to the next one of it', () => {
    expect(invitation.claims?.(ask('MakeInvitation', ANNA), invitation.initial)).toEqual({
      kind: 'invitation',
      value: 'anna@example.org',
      takesOver: true,
    });
    expect(invitation.holds?.(stateOf(made))).toEqual({ kind: 'invitation', value: 'anna@example.org' });
    for (const over of [withdrawn, accepted]) expect(invitation.holds?.(stateOf(made, over))).toBeUndefined();
    expect(invitation.abandon?.(stateOf(made))).toEqual([{ type: 'InvitationWithdrawn', data: { replaced: true } }]);
    expect(invitation.abandon?.(stateOf(made, accepted))).toEqual([]);
    expect(invitation.abandon?.(stateOf())).toEqual([{ type: 'InvitationAbandoned', data: {} }]);
  });
  it('marks the address as personal wherever it stands', () => {
    for (const type of ['InvitationMade', 'InvitationSentAgain'] as const)
      expect(invitationContract.events[type].schema.toJSONSchema().properties?.email).toMatchObject({ personal: true });
  });
});
