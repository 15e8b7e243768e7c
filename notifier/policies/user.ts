/** Policy of users: the notifications that a registration asks for. Pure. */
import { idOf, type RecordedEvent } from '../../contracts/message.ts';
import type { UserEvent } from '../../contracts/user.ts';
import { told, type Wanted } from '../wanted.ts';

/**
 * A new user gets the confirmation mail, and a welcome in the inbox. The first admin, made by the system itself, is confirmed by having the
 * password, and needs no welcome.
 */
export function registrationPolicy(event: RecordedEvent): Wanted[] {
  const { type, metadata, stream, revision } = event as RecordedEvent & UserEvent;
  if (type !== 'UserCreated' || metadata.actor === 'system') return [];
  const about = { stream, revision };
  const userId = idOf(stream);
  return [told('email', 'confirm_registration', about)(userId), told('in-app', 'user_created', about)(userId)];
}
