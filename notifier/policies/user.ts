/** Policy of users: the notifications that registrations and passwords ask for. Pure. */
import { idOf, type RecordedEvent } from '../../contracts/message.ts';
import type { UserEvent } from '../../contracts/user.ts';
import { told, type Wanted } from '../wanted.ts';

/**
 * A new user gets the confirmation mail (but for who was invited, and so has shown the mailbox), and a welcome in the inbox. The first admin, made by the system itself, is confirmed by having the
 * password, and needs no welcome. Links are mailed to whoever asks for them, and a change of password is told.
 */
export function registrationPolicy(recorded: RecordedEvent): Wanted[] {
  const event = recorded as RecordedEvent & UserEvent;
  const { metadata, stream, revision } = event;
  const about = { stream, revision };
  const userId = idOf(stream);
  switch (event.type) {
    case 'UserCreated':
      if (metadata.actor === 'system') return [];
      return [
        ...(event.data.invitation ? [] : [told('email', 'confirm_registration', about)(userId)]),
        told('in-app', 'user_created', about)(userId),
      ];
    case 'ConfirmationRequested':
      return [told('email', 'confirm_registration', about)(userId)];
    case 'PasswordResetRequested':
      return [told('email', 'password_reset', about)(userId)];
    case 'PasswordChanged':
      return [told('email', 'password_changed', about)(userId)];
    case 'SignInJoined':
      return event.data.by === 'registration' ? [] : [told('email', 'sign_in_joined', about)(userId)];
    default:
      return [];
  }
}
