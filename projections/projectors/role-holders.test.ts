import { describe, expect, it } from 'vitest';
import type { Role } from '../../contracts/role.ts';
import { folded, given, stream } from '../spec.fixture.ts';
import { holdsAt, MOST_PERIODS, type RolePeriod, roleHolders } from './role-holders.ts';

const registered = { type: 'UserCreated' };
const deleted = { type: 'UserDeleted' };
const becomes = (to: Role) => ({ type: 'UserRoleChanged', data: { to } });
/** Position of the event at a revision. */
const at = (revision: number) => String(revision + 1).padStart(16, '0');

describe('who holds a role', () => {
  it('has it from the registration on', () => {
    given(roleHolders, registered).becomes({ roles: ['member'], periods: [{ role: 'member', from: at(0), to: null }], knownFrom: '' });
  });
  it('has another from the change on, and each role once among those ever held', () => {
    given(roleHolders, registered, becomes('security'), becomes('member')).becomes({
      roles: ['member', 'security'],
      periods: [
        { role: 'member', from: at(0), to: at(1) },
        { role: 'security', from: at(1), to: at(2) },
        { role: 'member', from: at(2), to: null },
      ],
    });
  });
  it('has none from the deletion on, and had what they had', () => {
    given(roleHolders, registered, becomes('security'), deleted).becomes({
      roles: ['member', 'security'],
      periods: [
        { role: 'member', from: at(0), to: at(1) },
        { role: 'security', from: at(1), to: at(2) },
      ],
    });
  });
  it('leaves nothing personal in the document', () => {
    const document = folded(roleHolders, stream(registered));
    expect(Object.keys(document ?? {}).sort()).toEqual(['knownFrom', 'periods', 'roles']);
    expect(roleHolders.events).not.toContain('UserEdited');
  });
  it('is not begun by a registration that was abandoned', () => {
    expect(roleHolders.events).not.toContain('RegistrationAbandoned');
  });
  it('keeps the latest periods, and says from where on they are all there were', () => {
    const changes = Array.from({ length: MOST_PERIODS + 2 }, (_, n) => becomes(n % 2 ? 'member' : 'staff'));
    const document = folded(roleHolders, stream(registered, ...changes.slice(0, MOST_PERIODS - 1)));
    expect([document?.periods.length, document?.knownFrom]).toEqual([MOST_PERIODS, '']);
    const later = folded(roleHolders, stream(registered, ...changes));
    expect([later?.periods.length, later?.knownFrom, later?.periods[0]?.from]).toEqual([MOST_PERIODS, at(3), at(3)]);
    expect(later?.roles).toEqual(['member', 'staff']);
  });
});

describe('invariant 8: an event that cannot follow is an error, never half a document', () => {
  it.each(['UserRoleChanged', 'UserDeleted'])('%s on a user who does not exist, or does no longer', (type) => {
    given(roleHolders, { type }).outOfPlace();
    given(roleHolders, registered, deleted, { type }).outOfPlace();
  });
  it('a second registration', () => {
    given(roleHolders, registered, registered).outOfPlace();
    given(roleHolders, registered, deleted, registered).outOfPlace();
  });
});

describe('a role is held at a position', () => {
  const periods: RolePeriod[] = [
    { role: 'member', from: at(1), to: at(3) },
    { role: 'security', from: at(3), to: at(5) },
    { role: 'security', from: at(7), to: null },
  ];
  it('from the event that gave it to the one before that which took it', () => {
    const held = Array.from({ length: 9 }, (_, n) => n).filter((n) => holdsAt(periods, 'security', at(n)));
    expect(held).toEqual([3, 4, 7, 8]);
    expect(holdsAt(periods, 'member', at(0))).toBe(false);
    expect(holdsAt(periods, 'member', at(3))).toBe(false);
  });
  it('by nobody who never had any', () => {
    expect(holdsAt([], 'member', at(1))).toBe(false);
  });
});
