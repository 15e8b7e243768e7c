import { describe, expect, it } from 'vitest';
import type { Post } from '../../contracts/post.ts';
import { type UserCommand, type UserEvent, userContract } from '../../contracts/user.ts';
import { ADMIN, ALICE, command, given } from '../spec.fixture.ts';
import { user } from './user.ts';

const [A, B] = ['7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07', '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e08'] as const;
const created: UserEvent = { type: 'UserCreated', data: userContract.events.UserCreated.example as never };
const set = (...posts: Post[]): UserEvent => ({ type: 'UserPostsSet', data: { posts } });
const ask = (posts: Post[], actor = ADMIN) => command<UserCommand>('SetUserPosts', { posts }, { actor });
const there = { [A]: { exists: true }, [B]: { exists: true } };

describe('the posts of a user', () => {
  it('are set by admins, in their order and each site once', () => {
    given(user, created)
      .when(
        ask([
          { role: 'security', sites: [B, A, B] },
          { role: 'staff', sites: [] },
        ]),
        there,
      )
      .then(set({ role: 'staff', sites: [] }, { role: 'security', sites: [A, B] }));
    given(user, created)
      .when(ask([], { ...ALICE, id: B }))
      .refuses('forbidden');
  });
  it('that are the same again change nothing', () => {
    given(user, created, set({ role: 'security', sites: [A, B] }))
      .when(ask([{ role: 'security', sites: [B, A] }]), there)
      .then();
    given(user, created).when(ask([])).then();
  });
  it('end with an empty list', () => {
    given(user, created, set({ role: 'security', sites: [] }))
      .when(ask([]))
      .then(set());
  });
  it('name no site that is not there', () => {
    given(user, created)
      .when(ask([{ role: 'security', sites: [A, B] }]), { [A]: { exists: true }, [B]: { exists: false } })
      .refuses('invalid', '/posts/0/sites/1');
    // But one that was removed since stays: a list without it could be empty, and mean all.
    given(user, created, set({ role: 'security', sites: [B] }))
      .when(ask([{ role: 'security', sites: [A, B] }]), { [A]: { exists: true }, [B]: { exists: false } })
      .then(set({ role: 'security', sites: [A, B].sort() }));
    expect(user.needs?.(ask([{ role: 'security', sites: [A] }]), user.initial)).toEqual({ [A]: `site-${A}` });
  });
});
