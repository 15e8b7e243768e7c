/** Read model `workers`: of each user the role and the posts, so that everybody who works at a site can be found. A deleted user leaves a tombstone. */
import type { RecordedEvent } from '../../contracts/message.ts';
import { type Post, type Posted, postsOf, type SiteRole } from '../../contracts/post.ts';
import type { Role } from '../../contracts/role.ts';
import type { UserEvent } from '../../contracts/user.ts';
import { beginning, byStream, existing, type Folded, projector } from '../projector.ts';

/** A user as it is stored. */
export type WorkerDocument = {
  role: Role;
  posts: readonly Post[];
  /** Every role at every site, as `workAt` writes it: the field that queries search. */
  at: string[];
  revision: number;
};

type Folding = Extract<UserEvent, { type: 'UserCreated' | 'UserRoleChanged' | 'UserPostsSet' | 'UserDeleted' }>;

/** A role at a site, or at all (`*`), as it is searched for. */
export function workAt(role: SiteRole, site: string): string {
  return `${role}@${site}`;
}

function evolve(document: Folded<WorkerDocument>, recorded: RecordedEvent): WorkerDocument | null {
  const event = recorded as RecordedEvent & Folding;
  const { revision } = recorded;
  switch (event.type) {
    case 'UserCreated':
      beginning(document, recorded);
      return worker(event.data.role, [], revision);
    case 'UserRoleChanged':
      return worker(event.data.to, existing(document, recorded).posts, revision);
    case 'UserPostsSet':
      return worker(existing(document, recorded).role, event.data.posts, revision);
    case 'UserDeleted':
      existing(document, recorded);
      return null;
    default:
      event satisfies never;
      return existing(document, recorded);
  }
}

/** Every role that somebody has at every site, as it is searched for. */
export function worksAt(who: Posted): string[] {
  return postsOf(who).flatMap(({ role, sites }) => (sites.length === 0 ? ['*'] : sites).map((site) => workAt(role, site)));
}

function worker(role: Role, posts: readonly Post[], revision: number): WorkerDocument {
  return { role, posts, at: worksAt({ role, posts }), revision };
}

export const workers = projector<WorkerDocument>({
  model: { name: 'workers', version: 1, fields: { at: 'texts' }, indexes: [['at']] },
  events: ['UserCreated', 'UserRoleChanged', 'UserPostsSet', 'UserDeleted'],
  key: byStream,
  evolve,
});
