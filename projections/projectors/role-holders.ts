/**
 * Read model `role_holders`: the stretches of the log in which each user had each role, so that everybody who had a role at any event can be found
 * (`user_directory` knows the present only). A deleted user's document stays, for earlier events; nothing personal is in it.
 */
import { type Position, type RecordedEvent, START } from '../../contracts/message.ts';
import type { Role } from '../../contracts/role.ts';
import type { UserEvent } from '../../contracts/user.ts';
import { beginning, byStream, existing, type Folded, OutOfPlace, projector } from '../projector.ts';

/** A stretch of the log in which a user had a role: from the event that gave the role to the event that took it; `to` is null while it lasts. */
export type RolePeriod = { role: Role; from: Position; to: Position | null };

/** A user as it is stored. */
export type RoleHolderDocument = {
  /** Every role that the user has or had, each once: the field that queries search. */
  roles: Role[];
  /** The last MOST_PERIODS periods, the latest last. */
  periods: RolePeriod[];
  /** The position from which on `periods` is complete; START while none was dropped. */
  knownFrom: Position;
};

/** The most periods kept. For earlier positions holders-as-of.ts reads the user's own stream. */
export const MOST_PERIODS = 50;

type Folding = Extract<UserEvent, { type: 'UserCreated' | 'UserRoleChanged' | 'UserDeleted' }>;

const NEVER_ANY: RoleHolderDocument = { roles: [], periods: [], knownFrom: START };

function evolve(document: Folded<RoleHolderDocument>, recorded: RecordedEvent): RoleHolderDocument {
  const event = recorded as RecordedEvent & Folding;
  switch (event.type) {
    case 'UserCreated':
      beginning(document, recorded);
      return given(NEVER_ANY, event.data.role, recorded);
    case 'UserRoleChanged':
      return given(taken(existing(document, recorded), recorded), event.data.to, recorded);
    case 'UserDeleted':
      return taken(existing(document, recorded), recorded);
    default:
      event satisfies never;
      return existing(document, recorded);
  }
}

function given({ roles, periods, knownFrom }: RoleHolderDocument, role: Role, { position }: RecordedEvent): RoleHolderDocument {
  const kept = [...periods, { role, from: position, to: null }].slice(-MOST_PERIODS);
  return {
    roles: roles.includes(role) ? roles : [...roles, role],
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

/** True where a period of the role includes the position. A period includes the event that gave the role, but not the one that took it. */
export function holdsAt(periods: readonly RolePeriod[], role: Role, position: Position): boolean {
  return periods.some((one) => one.role === role && one.from <= position && (one.to === null || position < one.to));
}

export const roleHolders = projector<RoleHolderDocument>({
  model: { name: 'role_holders', version: 1, fields: { roles: 'texts' }, indexes: [['roles']] },
  events: ['UserCreated', 'UserRoleChanged', 'UserDeleted'],
  key: byStream,
  evolve,
});
