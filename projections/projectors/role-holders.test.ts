import { describe, expect, it } from 'vitest';
import type { Post } from '../../contracts/post.ts';
import type { Role } from '../../contracts/role.ts';
import { folded, given, stream } from '../spec.fixture.ts';
import { holdsAt, MOST_PERIODS, type RolePeriod, roleHolders } from './role-holders.ts';

const registered = { type: 'UserCreated' };
const deleted = { type: 'UserDeleted' };
const SITE = '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07';
const ELSEWHERE = '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e08';
const set = (...posts: Post[]) => ({ type: 'UserPostsSet', data: { posts } });
const becomes = (to: Role) => ({ type: 'UserRoleChanged', data: { to } });
/** Position of the event at a revision. */
const at = (revision: number) => String(revision + 1).padStart(16, '0');

describe('who holds a role', () => {
  it('has it from the registration on', () => {
    given(roleHolders, registered).becomes({ roles: ['member'], periods: [{ role: 'member', posts: [], from: at(0), to: null }], knownFrom: '' });
  });
  it('has another from the change on, and each role once among those ever held', () => {
    given(roleHolders, registered, becomes('security'), becomes('member')).becomes({
      roles: ['member', 'security'],
      periods: [
        { role: 'member', posts: [], from: at(0), to: at(1) },
        { role: 'security', posts: [], from: at(1), to: at(2) },
        { role: 'member', posts: [], from: at(2), to: null },
      ],
    });
  });
  it('has none from the deletion on, and had what they had', () => {
    given(roleHolders, registered, becomes('security'), deleted).becomes({
      roles: ['member', 'security'],
      periods: [
        { role: 'member', posts: [], from: at(0), to: at(1) },
        { role: 'security', posts: [], from: at(1), to: at(2) },
      ],
    });
  });
  it('has posts from the event on that sets them, beside the role of the account, and keeps them through another role', () => {
    const guard: Post = { role: 'security', sites: [SITE] };
    given(roleHolders, registered, set(guard), becomes('staff'), set()).becomes({
      roles: ['member', 'staff'],
      at: [`security@${SITE}`, 'staff@*'],
      periods: [
        { role: 'member', posts: [], from: at(0), to: at(1) },
        { role: 'member', posts: [guard], from: at(1), to: at(2) },
        { role: 'staff', posts: [guard], from: at(2), to: at(3) },
        { role: 'staff', posts: [], from: at(3), to: null },
      ],
    });
  });
  it('leaves nothing personal in the document', () => {
    const document = folded(roleHolders, stream(registered));
    expect(Object.keys(document ?? {}).sort()).toEqual(['at', 'knownFrom', 'periods', 'roles']);
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
  it.each(['UserRoleChanged', 'UserPostsSet', 'UserDeleted'])('%s on a user who does not exist, or does no longer', (type) => {
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
    { role: 'member', posts: [], from: at(1), to: at(3) },
    { role: 'security', posts: [], from: at(3), to: at(5) },
    { role: 'security', posts: [], from: at(7), to: null },
  ];
  it('from the event that gave it to the one before that which took it', () => {
    const held = Array.from({ length: 9 }, (_, n) => n).filter((n) => holdsAt(periods, { role: 'security' }, at(n)));
    expect(held).toEqual([3, 4, 7, 8]);
    expect(holdsAt(periods, { role: 'member' }, at(0))).toBe(false);
    expect(holdsAt(periods, { role: 'member' }, at(3))).toBe(false);
  });
  it('at a site by who has a post there, or at all sites by the role of the account where no post bounds it', () => {
    const period = (role: Role, ...posts: Post[]): RolePeriod[] => [{ role, posts, from: at(1), to: null }];
    const isGuard = (held: RolePeriod[], site: string) => holdsAt(held, { role: 'security', site }, at(1));
    const here: Post = { role: 'security', sites: [SITE] };
    expect([isGuard(period('member', here), SITE), isGuard(period('member', here), ELSEWHERE)]).toEqual([true, false]);
    expect([isGuard(period('security'), SITE), isGuard(period('security', here), ELSEWHERE)]).toEqual([true, false]);
    expect([isGuard(period('member', { role: 'security', sites: [] }), SITE), isGuard(period('member'), SITE)]).toEqual([true, false]);
  });
  it('by nobody who never had any', () => {
    expect(holdsAt([], { role: 'member' }, at(1))).toBe(false);
  });
});
