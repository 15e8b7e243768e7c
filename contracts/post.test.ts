import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Post, posts, postsInOrder, postsOf, rolesAt, SITE_ROLES } from './post.ts';
import { ROLES } from './role.ts';

const SITES = [1, 2, 3].map((n) => `00000000-0000-4000-8000-00000000000${n}`);
const [A = '', B = ''] = SITES;
const anyPosts = fc.uniqueArray(fc.record({ role: fc.constantFrom(...SITE_ROLES), sites: fc.subarray(SITES) }), { selector: ({ role }) => role });

describe('the roles at a site', () => {
  it('are those of the posts that name it, or name none', () => {
    const set: Post[] = [
      { role: 'staff', sites: [A] },
      { role: 'security', sites: [] },
    ];
    expect(rolesAt({ role: 'member', posts: set }, A)).toEqual(['staff', 'security']);
    expect(rolesAt({ role: 'member', posts: set }, B)).toEqual(['security']);
    expect(rolesAt({ role: 'member' }, A)).toEqual([]);
  });
  it('are at all sites the role of the account, unless a post of it says where', () => {
    expect(rolesAt({ role: 'maintenance' }, A)).toEqual(['maintenance']);
    expect(rolesAt({ role: 'maintenance', posts: [{ role: 'maintenance', sites: [B] }] }, A)).toEqual([]);
    expect(rolesAt({ role: 'admin' }, A)).toEqual([]);
  });
  it('are the same however the posts are written, and those of `postsOf` alone', () => {
    fc.assert(
      fc.property(fc.constantFrom(...ROLES), anyPosts, fc.constantFrom(...SITES), (role, set, site) => {
        const shuffled = set.toReversed().map((one) => ({ ...one, sites: [...one.sites, ...one.sites].reverse() }));
        expect(postsInOrder(shuffled)).toEqual(postsInOrder(set));
        expect(rolesAt({ role, posts: shuffled }, site)).toEqual(rolesAt({ role, posts: set }, site));
        expect(rolesAt({ role: 'member', posts: postsOf({ role, posts: set }) }, site)).toEqual(rolesAt({ role, posts: set }, site));
      }),
    );
  });
  it('are set each once', () => {
    expect(
      posts.safeParse([
        { role: 'staff', sites: [] },
        { role: 'staff', sites: [A] },
      ]).success,
    ).toBe(false);
  });
});
