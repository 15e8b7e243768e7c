/**
 * Read model `role_holders`: who had which role from where to where in the log, so that it can be told of any event who had a role then
 * (`user_directory` knows only now). A deleted user's document stays, for events from before; nothing personal is in it.
 */
import { type Position, type RecordedEvent, START } from '../../contracts/message.ts';
import type { Role } from '../../contracts/role.ts';
import type { UserEvent } from '../../contracts/user.ts';
import { beginning, byStream, existing, type Folded, OutOfPlace, projector } from '../projector.ts';

/** A stretch of the log in which a user had a role: from the event that gave it, to the one that took it; null: it has not been taken. */
export type RolePeriod = { role: Role; from: Position; to: Position | null };

/** A user as it is stored. */
export type RoleHolderDocument = {
  /** Every role the user has or had, each once: what finds the document. */
  roles: Role[];
  /** At most MOST_PERIODS, the latest last. */
  periods: RolePeriod[];
  /** From here on the periods are all there were; START while none was dropped. */
  knownFrom: Position;
};

/** Periods kept. Who had the role at an earlier position is told by the user's own stream (holders-as-of.ts). */
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
      return event satisfies never;
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

/** Error: OutOfPlace where the user has no role, which is so after a deletion. */
function taken(document: RoleHolderDocument, { type, stream, revision, position }: RecordedEvent): RoleHolderDocument {
  const last = document.periods.at(-1);
  if (!last || last.to !== null) throw new OutOfPlace(`${type} at ${stream}@${revision}: deleted`);
  return { ...document, periods: [...document.periods.slice(0, -1), { ...last, to: position }] };
}

/** True where one of the periods is of that role and has the position in it; right at the event that gave the role it does, at the one that took it it does not. */
export function holdsAt(periods: readonly RolePeriod[], role: Role, position: Position): boolean {
  return periods.some((one) => one.role === role && one.from <= position && (one.to === null || position < one.to));
}

export const roleHolders = projector<RoleHolderDocument>({
  model: { name: 'role_holders', version: 1, fields: { roles: 'texts' }, indexes: [['roles']] },
  events: ['UserCreated', 'UserRoleChanged', 'UserDeleted'],
  key: byStream,
  evolve,
});
