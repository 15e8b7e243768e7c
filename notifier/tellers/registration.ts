import type { ToldOfRegistration } from '../../contracts/notifications/user.ts';
import type { Teller } from './teller.ts';

/** The teller of registrations: makes the code that confirms the address, a new one for each message. */
export const tellOfRegistration: Teller<ToldOfRegistration> = async ({ recipient }, { issueCode }) => ({
  code: await issueCode(recipient.userId ?? '', 'confirm'),
});
