/** The rules of posts: which roles a user has at which sites. */
import { type Post, postsInOrder } from '../../contracts/post.ts';
import type { FieldError, Refusal } from '../../contracts/problem.ts';
import type { UserCommand, UserEvent } from '../../contracts/user.ts';
import type { Facts } from '../decider.ts';
import type { SiteState } from './site-state.ts';
import type { UserState } from './user.ts';

/** The streams of the sites that posts name, by the sites' ids. */
export function sitesNamed(posts: readonly Post[]): Record<string, string> {
  return Object.fromEntries(posts.flatMap(({ sites }) => sites).map((site) => [site, `site-${site}`]));
}

/** Sets all posts of a user, at sites that are there. The same again changes nothing, in whatever order. */
export function setPosts({ data, actor }: Extract<UserCommand, { type: 'SetUserPosts' }>, state: UserState, facts: Facts): UserEvent[] | Refusal {
  if (actor.role !== 'admin' && actor.role !== 'system') return { refused: 'forbidden', detail: 'Only admins say who works where.' };
  // A site that was removed since may stay: to leave it out could leave an empty list, which means all sites.
  const named = new Set(state.posts.flatMap(({ sites }) => sites));
  const errors = data.posts.flatMap(({ sites }, index) =>
    sites.flatMap((site, at) => (named.has(site) ? [] : unknownSite(facts[site], `/posts/${index}/sites/${at}`))),
  );
  if (errors.length > 0) return { refused: 'invalid', detail: 'A post names a site that is not there.', errors };
  const posts = postsInOrder(data.posts);
  return JSON.stringify(posts) === JSON.stringify(state.posts) ? [] : [{ type: 'UserPostsSet', data: { posts } }];
}

function unknownSite(fact: unknown, pointer: string): FieldError[] {
  return (fact as SiteState | undefined)?.exists ? [] : [{ pointer, detail: 'is no site that is there' }];
}
