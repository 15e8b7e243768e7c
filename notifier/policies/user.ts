/** Policy of users: the notifications that registrations and passwords ask for. Pure. */
import { idOf, type RecordedEvent } from '../../contracts/message.ts';
import type { UserEvent } from '../../contracts/user.ts';
import { told, type Wanted } from '../wanted.ts';

/**
 * A new user gets the confirmation mail, and a welcome in the inbox. The first admin, made by the system itself, is confirmed by having the
 * password, and needs no welcome. Links are mailed to whoever asks for them, and a change of password is told.
 */
export function registrationPolicy(event: RecordedEvent): Wanted[] {
  const { type, metadata, stream, revision } = event as RecordedEvent & UserEvent;
  const about = { stream, revision };
  const userId = idOf(stream);
  switch (type) {
    case 'UserCreated':
      if (metadata.actor === 'system') return [];
      return [told('email', 'confirm_registration', about)(userId), told('in-app', 'user_created', about)(userId)];
    case 'ConfirmationRequested':
      return [told('email', 'confirm_registration', about)(userId)];
    case 'PasswordResetRequested':
      return [told('email', 'password_reset', about)(userId)];
    case 'PasswordChanged':
      return [told('email', 'password_changed', about)(userId)];
    default:
      return [];
  }
}
