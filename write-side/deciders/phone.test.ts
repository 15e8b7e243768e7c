import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { UserCommand, UserEvent } from '../../contracts/user.ts';
import { ADMIN, ALICE, BOB, command, given } from '../spec.fixture.ts';
import { initial, user } from './user.ts';

const created: UserEvent = { type: 'UserCreated', data: { name: 'Alice', email: 'alice@example.org', role: 'member' } };
const [ONE, OTHER] = ['+4915112345678', '+4915112345679'];
const UNTIL = '2999-01-01T00:00:00.000Z';
const wanted = (phone: string, until = UNTIL): UserEvent => ({ type: 'PhoneRequested', data: { phone, until } });
const confirmed = (phone: string): UserEvent => ({ type: 'PhoneConfirmed', data: { phone } });
const cmd = (type: UserCommand['type'], data: unknown, more: Parameters<typeof command>[2] = {}) =>
  command<UserCommand>(type, data, { id: ALICE.id, ...more });
const state = (...events: UserEvent[]) => events.reduce(user.evolve, initial);

describe('a phone number', () => {
  it('waits to be confirmed, for the number that was asked for last', () => {
    given(user, created, wanted(ONE))
      .when(cmd('ConfirmPhone', { phone: ONE }))
      .then(confirmed(ONE));
    given(user, created, wanted(ONE), wanted(OTHER))
      .when(cmd('ConfirmPhone', { phone: ONE }))
      .refuses('conflict');
  });
  it('waits for a time', () => {
    given(user, created, wanted(ONE, '2001-01-01T00:00:00.000Z'))
      .when(cmd('ConfirmPhone', { phone: ONE }))
      .refuses('conflict');
  });
  it('is asked for again, which sends another code, and not where one has it already', () => {
    const again = user.decide(cmd('RequestPhone', { phone: ONE }), state(created, wanted(ONE)), {});
    expect(again).toMatchObject([{ type: 'PhoneRequested', data: { phone: ONE } }]);
    given(user, created, wanted(ONE), confirmed(ONE))
      .when(cmd('RequestPhone', { phone: ONE }))
      .then();
  });
  it('is taken away, whether it was confirmed or waits to be, once', () => {
    given(user, created, wanted(ONE))
      .when(cmd('RemovePhone', null))
      .then({ type: 'PhoneRemoved', data: { confirmed: false } });
    given(user, created, wanted(ONE), confirmed(ONE))
      .when(cmd('RemovePhone', null, { actor: ADMIN }))
      .then({ type: 'PhoneRemoved', data: { confirmed: true } });
    given(user, created, { type: 'PhoneRemoved', data: { confirmed: true } })
      .when(cmd('RemovePhone', null))
      .then();
  });
  it('is one’s own business, or an admin’s', () => {
    for (const [type, data] of [['RequestPhone', { phone: ONE }] as const, ['ConfirmPhone', { phone: ONE }] as const, ['RemovePhone', null] as const])
      given(user, created, wanted(ONE))
        .when(cmd(type, data, { actor: BOB }))
        .refuses('forbidden');
  });
  it('goes with its user; one that only waits goes with a password that is set from the mailbox', () => {
    expect(state(created, wanted(ONE), confirmed(ONE), wanted(OTHER), { type: 'UserDeleted', data: {} })).toMatchObject({
      phone: null,
      pendingPhone: null,
    });
    const reset: UserEvent = { type: 'PasswordChanged', data: { by: 'mailbox' } };
    expect(state(created, wanted(ONE), confirmed(ONE), wanted(OTHER), reset)).toMatchObject({ phone: ONE, pendingPhone: null });
  });
  it('is never one that was not asked for and confirmed, whatever commands come', () => {
    const number = fc.constantFrom(ONE, OTHER);
    const order = fc.oneof(
      fc.record({ type: fc.constantFrom('RequestPhone' as const, 'ConfirmPhone' as const), data: fc.record({ phone: number }) }),
      fc.constant({ type: 'RemovePhone' as const, data: null }),
    );
    fc.assert(
      fc.property(fc.array(order, { maxLength: 12 }), (orders) => {
        let at = state(created);
        for (const { type, data } of orders) {
          const before = at;
          const decided = user.decide(cmd(type, data), at, {});
          if (Array.isArray(decided)) at = decided.reduce(user.evolve, at);
          if (at.phone !== null && at.phone !== before.phone) expect([type, before.pendingPhone?.phone]).toEqual(['ConfirmPhone', at.phone]);
        }
      }),
    );
  });
});
