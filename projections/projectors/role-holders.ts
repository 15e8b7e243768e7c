/**
 * Read model `role_holders`: the stretches of the log in which each user had a role and posts, so that everybody who had a role at any event, or had it
 * at a site then, can be found (`user_directory` and `workers` know the present only). A deleted user's document stays, for earlier events; nothing
 * personal is in it.
 */
import { type Position, type RecordedEvent, START } from '../../contracts/message.ts';
import { type Post, rolesAt, type SiteRole } from '../../contracts/post.ts';
import type { Role } from '../../contracts/role.ts';
import type { UserEvent } from '../../contracts/user.ts';
import { beginning, byStream, existing, type Folded, OutOfPlace, projector } from '../projector.ts';
import { worksAt } from './workers.ts';

/**
 * A stretch of the log in which a user had a role and posts: from the event that gave one of them to the event that took it; `to` is null while it
 * lasts.
 */
export type RolePeriod = { role: Role; posts: readonly Post[]; from: Position; to: Position | null };

/** Who is looked for: who has a role, or who has it at a site, by a post or by the role of the account. */
export type Sought = { role: Role; site?: undefined } | { role: SiteRole; site: string };

/** A user as it is stored. */
export type RoleHolderDocument = {
  /** Every role that the user has or had, each once: the field that queries search. */
  roles: Role[];
  /** Every role that the user has or had at every site, each once, as `worksAt` writes it: the field that queries of a site search. */
  at: string[];
  /** The last MOST_PERIODS periods, the latest last. */
  periods: RolePeriod[];
  /** The position from which on `periods` is complete; START while none was dropped. */
  knownFrom: Position;
};

/** The most periods kept. For earlier positions holders-as-of.ts reads the user's own stream. */
export const MOST_PERIODS = 50;

type Folding = Extract<UserEvent, { type: 'UserCreated' | 'UserRoleChanged' | 'UserPostsSet' | 'UserDeleted' }>;

const NEVER_ANY: RoleHolderDocument = { roles: [], at: [], periods: [], knownFrom: START };

function evolve(document: Folded<RoleHolderDocument>, recorded: RecordedEvent): RoleHolderDocument {
  const event = recorded as RecordedEvent & Folding;
  switch (event.type) {
    case 'UserCreated':
      beginning(document, recorded);
      return given(NEVER_ANY, { role: event.data.role, posts: [] }, recorded);
    case 'UserRoleChanged':
      return changed(existing(document, recorded), { role: event.data.to }, recorded);
    case 'UserPostsSet':
      return changed(existing(document, recorded), { posts: event.data.posts }, recorded);
    case 'UserDeleted':
      return taken(existing(document, recorded), recorded);
    default:
      event satisfies never;
      return existing(document, recorded);
  }
}

type Held = Pick<RolePeriod, 'role' | 'posts'>;

/** The document after the user has another role, or other posts; what is not said stays. */
function changed(document: RoleHolderDocument, change: Partial<Held>, recorded: RecordedEvent): RoleHolderDocument {
  const ended = taken(document, recorded);
  const { role, posts } = ended.periods.at(-1) as RolePeriod;
  return given(ended, { role, posts, ...change }, recorded);
}

function given({ roles, at, periods, knownFrom }: RoleHolderDocument, held: Held, { position }: RecordedEvent): RoleHolderDocument {
  const kept = [...periods, { ...held, from: position, to: null }].slice(-MOST_PERIODS);
  return {
    roles: [...new Set([...roles, held.role])],
    at: [...new Set([...at, ...worksAt(held)])],
    periods: kept,
    knownFrom: kept.length > periods.length ? knownFrom : (kept[0]?.from ?? knownFrom),
  };
}

/** The document after the user's present role was taken. Error: OutOfPlace where the user has none, as after a deletion. */
function taken(document: RoleHolderDocument, { type, stream, revision, position }: RecordedEvent): RoleHolderDocument {
  const last = document.periods.at(-1);
  if (!last || last.to !== null) throw new OutOfPlace(`${type} at ${stream}@${revision}: deleted`);
  return { ...document, periods: [...document.periods.slice(0, -1), { ...last, to: position }] };
}

/** True where somebody who is sought is found in a period that includes the position. A period includes the event that began it, but not the one that ended it. */
export function holdsAt(periods: readonly RolePeriod[], sought: Sought, position: Position): boolean {
  return periods.some((one) => one.from <= position && (one.to === null || position < one.to) && isSought(one, sought));
}

function isSought(held: Held, { role, site }: Sought): boolean {
  return site === undefined ? held.role === role : rolesAt(held, site).some((one) => one === role);
}

export const roleHolders = projector<RoleHolderDocument>({
  model: { name: 'role_holders', version: 2, fields: { roles: 'texts', at: 'texts' }, indexes: [['roles'], ['at']] },
  events: ['UserCreated', 'UserRoleChanged', 'UserPostsSet', 'UserDeleted'],
  key: byStream,
  evolve,
});
