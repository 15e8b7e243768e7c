/** The choices of a user, and the role, as they were right after an event: the same however late or often they are read, so that a policy asks for the same again. */
import { LRUCache } from 'lru-cache';
import { known } from '../contracts/catalog.ts';
import { NO_STREAM, type Position, type RecordedEvent, START } from '../contracts/message.ts';
import { type Choices, ownDefault } from '../contracts/notification-choices.ts';
import type { Channel } from '../contracts/notifications/kind.ts';
import type { Kind } from '../contracts/notifications/kinds.ts';
import type { Role } from '../contracts/role.ts';
import type { UserEvent } from '../contracts/user.ts';
import { BeginningGone, isCut } from '../platform/event-store/beginning.ts';
import type { EventStore } from '../platform/event-store/event-store.ts';

interface ChosenAsOf {
  choices: Choices;
  role: Role;
  /** True where the user had a confirmed phone number. */
  hasPhone: boolean;
  /** True where the user was deleted: nobody is told there. */
  isDeleted: boolean;
  revision: number;
  position: Position;
}

const NOTHING: ChosenAsOf = { choices: {}, role: 'member', isDeleted: false, hasPhone: false, revision: NO_STREAM, position: START };
/** The number of users kept in memory. */
const KEPT_USERS = 5_000;

export interface ChannelsAsOf {
  /**
   * The channels on which the user wanted to be told of a kind right after the event at the position; undefined where neither the user nor the user's
   * role says something of their own; none for a user who was deleted. Errors: UnknownEvent where this release does not know all of the user's
   * events by then, BeginningGone where an operator truncated them; those of the store.
   */
  of(userId: string, kind: Kind, position: Position): Promise<readonly Channel[] | undefined>;
  /** The role that the user had right after the event at the position; null for a user who was deleted by then. Errors: as of `of`. */
  roleOf(userId: string, position: Position): Promise<Role | null>;
}

/** Folds choices from the streams of users, up to an event's position. */
export function channelsAsOf(store: Pick<EventStore, 'readStream'>): ChannelsAsOf {
  const kept = new LRUCache<string, ChosenAsOf>({ max: KEPT_USERS });

  async function chosen(userId: string, position: Position): Promise<ChosenAsOf> {
    const held = kept.get(userId);
    let user = held && held.position <= position ? held : NOTHING;
    for await (const page of store.readStream(`user-${userId}`, { from: user.revision + 1 })) {
      const before = page.filter((event) => event.position <= position);
      await assertWhole(user, page, before);
      user = before.map(known).reduce(evolveChosen, user);
      if (before.length < page.length) break;
    }
    kept.set(userId, user);
    return user;
  }

  /** One that was truncated past the position shows it by what is there now. With a deletion it is known, whatever was before. */
  async function assertWhole({ revision }: ChosenAsOf, [next]: readonly RecordedEvent[], before: readonly RecordedEvent[]): Promise<void> {
    if (!next || before.some(({ type }) => type === 'UserDeleted')) return;
    if (await isCut(store, revision, next)) throw new BeginningGone(next.stream);
  }

  return {
    of: async (userId, kind, position) => {
      const { choices, role, hasPhone, isDeleted } = await chosen(userId, position);
      if (isDeleted) return [];
      return (choices[kind] ?? ownDefault(kind, role))?.filter((channel) => hasPhone || channel !== 'sms');
    },
    roleOf: async (userId, position) => {
      const { role, isDeleted } = await chosen(userId, position);
      return isDeleted ? null : role;
    },
  };
}

function evolveChosen(user: ChosenAsOf, recorded: RecordedEvent): ChosenAsOf {
  const event = recorded as RecordedEvent & UserEvent;
  return { ...user, ...changedBy(event), revision: event.revision, position: event.position };
}

function changedBy(event: UserEvent): Partial<ChosenAsOf> {
  switch (event.type) {
    case 'UserCreated':
      return { role: event.data.role, isDeleted: false, choices: {}, hasPhone: false };
    case 'UserDeleted':
      return { isDeleted: true };
    case 'UserRoleChanged':
      return { role: event.data.to };
    case 'NotificationsChosen':
      return { choices: event.data.choices as Choices };
    case 'PhoneConfirmed':
      return { hasPhone: true };
    case 'PhoneRemoved':
      return { hasPhone: false };
    default:
      return {};
  }
}
