/** Policy of users: the notifications that registrations, passwords and second factors ask for. Pure. */
import { idOf, type RecordedEvent } from '../../contracts/message.ts';
import type { UserEvent } from '../../contracts/user.ts';
import { told, type Wanted } from '../wanted.ts';

/**
 * A new user gets the confirmation mail (but for who was invited, and so has shown the mailbox), and a welcome in the inbox. The first admin, made by the system itself, is confirmed by having the
 * password, and needs no welcome. Links are mailed to whoever asks for them, and changes of password and second factor are told.
 */
export function registrationPolicy(recorded: RecordedEvent): Wanted[] {
  const event = recorded as RecordedEvent & UserEvent;
  const about = { stream: event.stream, revision: event.revision };
  const userId = idOf(event.stream);
  const mailed = (kind: Mailed) => told('email', kind, about)(userId);
  const confirmation = ({ invitation }: { invitation?: unknown }) => (invitation ? [] : [mailed('confirm_registration')]);
  switch (event.type) {
    case 'UserCreated':
      return event.metadata.actor === 'system' ? [] : [...confirmation(event.data), told('in-app', 'user_created', about)(userId)];
    case 'EmailChangeRequested':
      return [{ channel: 'email', kind: 'confirm_email_change', recipient: { address: event.data.email }, about }, mailed('email_change_requested')];
    case 'EmailChanged':
      return [
        { channel: 'email', kind: 'email_changed', recipient: { address: event.data.previous }, about },
        ...(event.data.by === 'admin' ? [mailed('confirm_registration')] : []),
      ];
    case 'PhoneRequested':
    case 'PhoneRemoved':
      return ofPhone(event, about, mailed);
    case 'SignInJoined':
      return event.data.by === 'registration' ? [] : [mailed('sign_in_joined')];
    default:
      return mailedFor(event.type).map(mailed);
  }
}

/** A number that is wanted is sent a code; of one that goes, its user is told where it was confirmed. */
function ofPhone(
  event: Extract<UserEvent, { type: 'PhoneRequested' | 'PhoneRemoved' }>,
  about: Wanted['about'],
  mailed: (kind: Mailed) => Wanted,
): Wanted[] {
  if (event.type === 'PhoneRequested') return [{ channel: 'sms', kind: 'confirm_phone', recipient: { phone: event.data.phone }, about }];
  return event.data.confirmed ? [mailed('phone_removed')] : [];
}

/** Kinds that are mails to the user alone. */
type Mailed =
  | 'confirm_registration'
  | 'password_reset'
  | 'password_changed'
  | 'email_change_requested'
  | 'sign_in_joined'
  | 'sign_in_parted'
  | 'phone_changed'
  | 'phone_removed'
  | 'second_factor_enabled'
  | 'second_factor_disabled'
  | 'recovery_codes_made'
  | 'recovery_code_used';

/** The mails that follow from an event whatever it holds. */
const MAILED: Readonly<Record<string, Mailed>> = {
  ConfirmationRequested: 'confirm_registration',
  PasswordResetRequested: 'password_reset',
  PasswordChanged: 'password_changed',
  PhoneConfirmed: 'phone_changed',
  SecondFactorEnabled: 'second_factor_enabled',
  SecondFactorDisabled: 'second_factor_disabled',
  RecoveryCodesMade: 'recovery_codes_made',
  RecoveryCodeUsed: 'recovery_code_used',
};

function mailedFor(type: string): Mailed[] {
  const kind = MAILED[type];
  return kind ? [kind] : [];
}
