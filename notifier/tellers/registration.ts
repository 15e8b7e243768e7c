import type { ToldOfRegistration } from '../../contracts/notifications/user.ts';
import type { Teller } from './teller.ts';

/** Tells of a registration: makes the code that confirms it, anew each time. */
export const tellOfRegistration: Teller<ToldOfRegistration> = async ({ recipient }, { issueCode }) => ({
  code: await issueCode(recipient.userId ?? '', 'confirm'),
});
