import { describe, expect, it } from 'vitest';
import { normaliseEmail } from '../../contracts/email.ts';
import type { UserCommand, UserEvent } from '../../contracts/user.ts';
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
  it('changes only what differs, and confirms a new address again', () => {
    given(user, created)
      .when(cmd('EditUser', { name: 'Alice', email: 'new@example.org' }))
      .then({ type: 'UserEdited', data: { email: 'new@example.org' } });
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
  it('gets a role once', () => {
    given(user, created)
      .when(cmd('ChangeUserRole', { role: 'security' }, { actor: ADMIN }))
      .then({ type: 'UserRoleChanged', data: { from: 'member', to: 'security' } });
    given(user, created)
      .when(cmd('ChangeUserRole', { role: 'member' }, { actor: ADMIN }))
      .then();
  });
});

describe('an e-mail address', () => {
  it('is the same whatever its case or Unicode form', () => {
    expect(normaliseEmail(' ALICE@Example.ORG ')).toBe('alice@example.org');
    expect(normaliseEmail('ａlice@example.org')).toBe('alice@example.org');
  });
  it('is claimed when it changes and held until it changes or the user goes', () => {
    const state = user.evolve(initial, created);
    expect(user.claims?.(cmd('EditUser', { email: 'b@example.org' }), state)).toEqual({ kind: 'email', value: 'b@example.org' });
    expect(user.claims?.(cmd('EditUser', { email: 'ALICE@example.org' }), state)).toBeUndefined();
    expect(user.holds?.(state)).toEqual({ kind: 'email', value: 'alice@example.org' });
    expect(user.holds?.(user.evolve(state, gone))).toBeUndefined();
  });
});
