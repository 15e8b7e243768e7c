/** Posts: which roles somebody has at which sites. Everybody who asks for rights at a site asks `rolesAt`: deciders, queries and topics. */
import { z } from 'zod';
import { id } from './fields.ts';
import type { Role } from './role.ts';

/** The roles that people have at sites. */
export const SITE_ROLES = ['staff', 'security', 'maintenance', 'customer-service'] as const satisfies readonly Role[];
export const siteRole = z.enum(SITE_ROLES);
export type SiteRole = z.infer<typeof siteRole>;

/** The most sites that a post names: who works at more works at all. */
const MOST_SITES = 100;

const post = z.strictObject({
  role: siteRole.describe('What the person is there.'),
  sites: z
    .array(id)
    .max(MOST_SITES, `must name at most ${MOST_SITES} sites; none named means all`)
    .describe('At which sites; an empty list: at all.'),
});

/** A role at some sites; `sites: []` at all. */
export type Post = z.infer<typeof post>;

/** The posts of a person: each role at most once. */
export const posts = z
  .array(post)
  .max(SITE_ROLES.length, `must be at most ${SITE_ROLES.length} posts`)
  .refine((all) => new Set(all.map(({ role }) => role)).size === all.length, 'must name each role once');

/** Who has posts: the role of the account, and what was set beside it. */
export interface Posted {
  role: string;
  posts?: readonly Post[] | undefined;
}

/** The posts in their order, each site once, so that the same posts are the same text. */
export function postsInOrder(all: readonly Post[]): Post[] {
  return SITE_ROLES.flatMap((role) => all.filter((one) => one.role === role)).map(({ role, sites }) => ({ role, sites: [...new Set(sites)].sort() }));
}

/**
 * The posts that somebody has: those that were set; and at all sites the role of the account, where it is one of these and no post says where.
 *
 *     postsOf({ role: 'security', posts: [{ role: 'staff', sites: [a] }] })  // staff at a, security at all sites
 */
export function postsOf({ role, posts: set = [] }: Posted): Post[] {
  const everywhere = SITE_ROLES.filter((one) => one === role && !set.some((post) => post.role === one));
  return postsInOrder([...set, ...everywhere.map((one) => ({ role: one, sites: [] }))]);
}

/** The roles that somebody has at a site. */
export function rolesAt(who: Posted, site: string): SiteRole[] {
  return postsOf(who).flatMap(({ role, sites }) => (sites.length === 0 || sites.includes(site) ? [role] : []));
}
