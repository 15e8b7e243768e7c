/** Read model `user_directory`: all users, as they are now. Personal fields are in each user's own document. */
import { normaliseEmail } from '../../contracts/email.ts';
import { maskedPhone } from '../../contracts/fields.ts';
import type { RecordedEvent } from '../../contracts/message.ts';
import type { UserEvent, UserView } from '../../contracts/user.ts';
import { beginning, byStream, existing, type Folded, projector } from '../projector.ts';
import { sortKey, words } from '../words.ts';

/** A user as it is stored. A deleted user leaves a tombstone, without anything personal. */
export type UserDocument = Required<Omit<UserView, 'id'>> & {
  /** The confirmed phone number, masked: whoever is shown it needs no more. Empty for none. */
  phone: string;
  /** The words of the name. */
  nameWords: string[];
  nameKey: string;
};

type EventOf<T extends UserEvent['type']> = Extract<UserEvent, { type: T }>;

function evolve(document: Folded<UserDocument>, recorded: RecordedEvent): UserDocument | null {
  const event = recorded as RecordedEvent & UserEvent;
  switch (event.type) {
    case 'UserCreated':
      beginning(document, recorded);
      return created(recorded, event.data);
    case 'RegistrationAbandoned':
      beginning(document, recorded);
      return null;
    case 'UserDeleted':
      existing(document, recorded);
      return null;
    case 'UserErased':
      // The deletion before it has left nothing.
      return null;
    default:
      return { ...changed(existing(document, recorded), event), revision: recorded.revision };
  }
}

function created({ time, revision }: RecordedEvent, { name, email, role }: EventOf<'UserCreated'>['data']): UserDocument {
  return { name, role, email, confirmed: false, phone: '', createdAt: time, revision, ...derived(name) };
}

function changed(
  document: UserDocument,
  event: Exclude<UserEvent, EventOf<'UserCreated' | 'UserDeleted' | 'UserErased' | 'RegistrationAbandoned'>>,
): UserDocument {
  switch (event.type) {
    case 'UserEdited':
      return edited(document, event.data);
    case 'UserRoleChanged':
      return { ...document, role: event.data.to };
    case 'UserConfirmed':
      return { ...document, confirmed: true };
    case 'EmailChanged':
      return { ...document, email: event.data.email, confirmed: event.data.by === 'mailbox' };
    case 'PhoneConfirmed':
      return { ...document, phone: maskedPhone(event.data.phone) };
    case 'PhoneRemoved':
      return { ...document, phone: '' };
    case 'ConfirmationRequested':
    case 'PasswordResetRequested':
    case 'PasswordChanged':
    case 'SignInJoined':
    case 'SignInParted':
    case 'SecondFactorEnabled':
    case 'SecondFactorDisabled':
    case 'RecoveryCodesMade':
    case 'RecoveryCodeUsed':
    case 'EmailChangeAbandoned':
    case 'EmailChangeRequested':
    case 'EmailChangeWithdrawn':
    case 'NotificationsChosen':
    case 'UserPostsSet':
    case 'PhoneRequested':
      return document;
    default:
      event satisfies never;
      return document;
  }
}

/** The user after an edit. Another address (not only written in another way) has to be confirmed again. */
function edited(document: UserDocument, { name = document.name, email = document.email }: EventOf<'UserEdited'>['data']): UserDocument {
  const moved = normaliseEmail(email) !== normaliseEmail(document.email);
  return { ...document, name, email, confirmed: document.confirmed && !moved, ...derived(name) };
}

function derived(name: string) {
  return { nameWords: words(name), nameKey: sortKey(name) };
}

/** The topic of every list of users. */
export const USERS = 'users';

/** The key of a user in the cache. */
export function userCacheKey(id: string): string {
  return `user:${id}`;
}

export const userDirectory = projector<UserDocument>({
  model: {
    name: 'user_directory',
    version: 4,
    fields: { role: 'text', nameWords: 'texts', nameKey: 'text' },
    indexes: [['nameKey'], ['role', 'nameKey']],
  },
  events: [
    ...([
      'UserCreated',
      'UserEdited',
      'UserRoleChanged',
      'UserPostsSet',
      'UserConfirmed',
      'ConfirmationRequested',
      'PasswordResetRequested',
      'PasswordChanged',
      'SignInJoined',
      'SignInParted',
      'NotificationsChosen',
    ] as const),
    ...(['SecondFactorEnabled', 'SecondFactorDisabled', 'RecoveryCodesMade', 'RecoveryCodeUsed'] as const),
    ...(['UserDeleted', 'RegistrationAbandoned', 'EmailChangeAbandoned', 'EmailChangeRequested', 'EmailChangeWithdrawn', 'EmailChanged'] as const),
    ...(['PhoneRequested', 'PhoneConfirmed', 'PhoneRemoved'] as const),
  ],
  key: byStream,
  evolve,
  topics: () => [USERS],
  cacheKey: userCacheKey,
});
