import { describe, expect, it } from 'vitest';
import { normaliseEmail } from '../../contracts/email.ts';
import type { UserCommand, UserEvent } from '../../contracts/user.ts';
import { FIRST_ADMIN_IDS } from '../../platform/first-admin-ids.ts';
import { ADMIN, ALICE, BOB, command, given } from '../spec.fixture.ts';
import { initial, user } from './user.ts';

const created: UserEvent = { type: 'UserCreated', data: { name: 'Alice', email: 'Alice@example.org', role: 'member' } };
const gone: UserEvent = { type: 'UserDeleted', data: {} };
const cmd = (type: UserCommand['type'], data: unknown, more: Parameters<typeof command>[2] = {}) =>
  command<UserCommand>(type, data, { id: ALICE.id, ...more });

describe('a user', () => {
  it('registers as a member', () => {
    given(user)
      .when(cmd('RegisterUser', { name: 'Alice', email: 'Alice@Example.org' }))
      .then(created);
  });
  it('cannot finish a registration that somebody closed', () => {
    given(user, { type: 'RegistrationAbandoned', data: {} })
      .when(cmd('RegisterUser', { name: 'A', email: 'a@b.org' }))
      .refuses('conflict');
  });
  it('changes only what differs, and an address that is written in another way at once', () => {
    given(user, created)
      .when(cmd('EditUser', { name: 'Alicia', email: 'Alice@example.org' }))
      .then({ type: 'UserEdited', data: { name: 'Alicia' } });
    given(user, created)
      .when(cmd('EditUser', { name: 'Alice', email: 'ALICE@example.org' }))
      .then({ type: 'UserEdited', data: { email: 'ALICE@example.org' } });
  });
  it('with an address that an older release changed at once has to confirm it', () => {
    const confirmed = [created, { type: 'UserConfirmed', data: {} } as UserEvent].reduce(user.evolve, initial);
    expect(confirmed.confirmed).toBe(true);
    expect(user.evolve(confirmed, { type: 'UserEdited', data: { email: 'new@example.org' } }).confirmed).toBe(false);
    expect(user.evolve(confirmed, { type: 'UserEdited', data: { email: 'ALICE@example.org' } }).confirmed).toBe(true);
  });
  it('is changed by oneself or an admin only', () => {
    given(user, created)
      .when(cmd('EditUser', { name: 'X' }, { actor: BOB }))
      .refuses('forbidden');
    given(user, created)
      .when(cmd('DeleteUser', null, { actor: ADMIN }))
      .then(gone);
  });
  it('is not found once deleted, and keeps no name', () => {
    given(user, created, gone)
      .when(cmd('EditUser', { name: 'X' }))
      .refuses('not_found');
    expect([created, gone].reduce(user.evolve, initial)).toMatchObject({ deleted: true, name: '', email: '' });
  });
  it('who is an admin neither gives the role up nor deletes the account: there is always one', () => {
    const admin: UserEvent = { type: 'UserCreated', data: { name: 'Root', email: 'root@example.org', role: 'admin' } };
    const self = { id: ADMIN.id, actor: ADMIN };
    given(user, admin)
      .when(cmd('ChangeUserRole', { role: 'member' }, self))
      .refuses('conflict');
    given(user, admin)
      .when(cmd('DeleteUser', null, self))
      .refuses('conflict');
  });
  it('is erased by oneself or an admin: deleted where that is not done, once, and a deleted one by an admin', () => {
    const erased: UserEvent = { type: 'UserErased', data: {} };
    given(user, created).when(cmd('EraseUser', null)).then(gone, erased);
    given(user, created)
      .when(cmd('EraseUser', null, { actor: BOB }))
      .refuses('forbidden');
    given(user, created, gone)
      .when(cmd('EraseUser', null, { actor: ADMIN }))
      .then(erased);
    given(user, created, gone, erased)
      .when(cmd('EraseUser', null, { actor: ADMIN }))
      .then();
    given(user).when(cmd('EraseUser', null)).refuses('not_found');
  });
  it('who is an admin does not erase the own account, so that the last one stays', () => {
    const admin: UserEvent = { type: 'UserCreated', data: { name: 'Root', email: 'root@example.org', role: 'admin' } };
    given(user, admin)
      .when(cmd('EraseUser', null, { id: ADMIN.id, actor: ADMIN }))
      .refuses('conflict');
    given(user, admin)
      .when(cmd('EraseUser', null, { id: ALICE.id, actor: ADMIN }))
      .then(gone, { type: 'UserErased', data: {} });
  });
  it('who is an admin erases the own account where another admin is named who can log in; the first admin is looked at anyway', () => {
    const admin: UserEvent = { type: 'UserCreated', data: { name: 'Root', email: 'root@example.org', role: 'admin' } };
    const self = { id: ALICE.id, actor: { ...ADMIN, id: ALICE.id } };
    const erasing = cmd('EraseUser', { beside: BOB.id }, self);
    const other = [admin, { type: 'UserConfirmed', data: {} } as UserEvent];
    const before = [admin].reduce(user.evolve, initial);
    expect(user.needs?.(erasing, before)).toMatchObject({ [BOB.id]: `user-${BOB.id}` });
    expect(Object.keys(user.needs?.(cmd('EraseUser', null, self), before) ?? {})).toEqual(FIRST_ADMIN_IDS);
    expect(user.claims?.(erasing, before)).toEqual({ kind: 'admin-role', value: 'given up' });
    const decided = (...events: UserEvent[]) => user.decide(erasing, before, { [BOB.id]: events.reduce(user.evolve, initial) });
    expect(decided(...other)).toEqual([gone, { type: 'UserErased', data: {} }]);
    expect(decided(admin)).toMatchObject({ refused: 'conflict', detail: expect.stringContaining('beside=') });
    expect(decided(...other, gone)).toMatchObject({ refused: 'conflict' });
    expect(decided(created, { type: 'UserConfirmed', data: {} })).toMatchObject({ refused: 'conflict' });
    expect(user.decide(cmd('DeleteUser', null, self), before, { [BOB.id]: other.reduce(user.evolve, initial) })).toMatchObject({
      refused: 'conflict',
    });
  });
  it('gets a role once', () => {
    given(user, created)
      .when(cmd('ChangeUserRole', { role: 'security' }, { actor: ADMIN }))
      .then({ type: 'UserRoleChanged', data: { from: 'member', to: 'security' } });
    given(user, created)
      .when(cmd('ChangeUserRole', { role: 'member' }, { actor: ADMIN }))
      .then();
  });
});

describe('a change of e-mail address', () => {
  const address = 'new@example.org';
  const requested: UserEvent = { type: 'EmailChangeRequested', data: { email: address, until: '2026-11-22T09:00:00.000Z' } };
  const changed: UserEvent = { type: 'EmailChanged', data: { email: address, previous: 'Alice@example.org', by: 'mailbox' } };
  const withdrawn: UserEvent = { type: 'EmailChangeWithdrawn', data: {} };
  const confirm = (more = {}) => cmd('ConfirmEmailChange', null, { actor: { id: 'system', role: 'system', seesAll: true }, ...more });
  const pendingAfter = (...events: UserEvent[]) => [created, requested, ...events].reduce(user.evolve, initial).pending;

  it('of one’s own waits to be confirmed, beside a name that changes at once, and can be asked for again', () => {
    const [edited] = [{ type: 'UserEdited', data: { name: 'Alicia' } }] as UserEvent[];
    given(user, created)
      .when(cmd('EditUser', { name: 'Alicia', email: address }))
      .then(edited as UserEvent, requested);
    given(user, created, requested)
      .when(cmd('EditUser', { email: address }))
      .then(requested);
    expect([created, requested].reduce(user.evolve, initial)).toMatchObject({ email: 'Alice@example.org', pending: { email: address } });
  });
  it('takes effect when it is confirmed, which proves the address', () => {
    given(user, created, requested).when(confirm()).then(changed);
    expect([created, requested, changed].reduce(user.evolve, initial)).toMatchObject({ email: address, confirmed: true, pending: null });
    given(user, created, requested, changed).when(confirm()).refuses('conflict');
    given(user, created).when(confirm()).refuses('conflict');
    given(user, created, requested)
      .when(confirm({ now: '2026-11-22T09:00:00.000Z' }))
      .refuses('conflict');
    given(user, created, requested)
      .when(confirm({ actor: BOB }))
      .refuses('forbidden');
  });
  it('is taken back by its user or an admin, once', () => {
    given(user, created, requested).when(cmd('WithdrawEmailChange', null)).then(withdrawn);
    given(user, created, requested)
      .when(cmd('WithdrawEmailChange', null, { actor: ADMIN }))
      .then(withdrawn);
    given(user, created, requested, withdrawn).when(cmd('WithdrawEmailChange', null)).then();
    given(user, created, requested)
      .when(cmd('WithdrawEmailChange', null, { actor: BOB }))
      .refuses('forbidden');
    given(user, created, requested, withdrawn).when(confirm()).refuses('conflict');
  });
  it('does not outlive a password that was set from the mailbox, a confirmation, or the user', () => {
    expect(pendingAfter({ type: 'PasswordChanged', data: { by: 'password' } })).not.toBeNull();
    for (const event of [{ type: 'PasswordChanged', data: { by: 'mailbox' } }, { type: 'UserConfirmed', data: {} }, gone] as UserEvent[])
      expect(pendingAfter(event)).toBeNull();
  });
  it('by an admin is there at once, to be confirmed, and takes the place of what waits', () => {
    const byAdmin: UserEvent = { type: 'EmailChanged', data: { email: 'set@example.org', previous: 'Alice@example.org', by: 'admin' } };
    given(user, created, requested)
      .when(cmd('EditUser', { email: 'set@example.org' }, { actor: ADMIN }))
      .then(byAdmin);
    const state = [created, { type: 'UserConfirmed', data: {} } as UserEvent, requested, byAdmin].reduce(user.evolve, initial);
    expect(state).toMatchObject({ email: 'set@example.org', confirmed: false, pending: null });
  });
});

describe('an e-mail address', () => {
  it('is the same whatever its case or Unicode form', () => {
    expect(normaliseEmail(' ALICE@Example.ORG ')).toBe('alice@example.org');
    expect(normaliseEmail('ａlice@example.org')).toBe('alice@example.org');
  });
  it('is claimed when it changes and held until it changes or the user goes', () => {
    const state = user.evolve(initial, created);
    const byAdmin = (email: string) => cmd('EditUser', { email }, { actor: ADMIN });
    expect(user.claims?.(byAdmin('b@example.org'), state)).toEqual({ kind: 'email', value: 'b@example.org' });
    expect(user.claims?.(byAdmin('ALICE@example.org'), state)).toBeUndefined();
    expect(user.claims?.(cmd('EditUser', { email: 'b@example.org' }), state)).toBeUndefined();
    const waits = user.evolve(state, { type: 'EmailChangeRequested', data: { email: 'b@example.org', until: '2026-11-22T09:00:00.000Z' } });
    expect(user.claims?.(cmd('ConfirmEmailChange', null), waits)).toEqual({ kind: 'email', value: 'b@example.org' });
    expect(user.holds?.(waits)).toEqual({ kind: 'email', value: 'alice@example.org' });
    expect(user.holds?.(state)).toEqual({ kind: 'email', value: 'alice@example.org' });
    expect(user.holds?.(user.evolve(state, gone))).toBeUndefined();
  });
});
