import type { ToldOfRegistration } from '../../contracts/notifications/user.ts';
import { NobodyThere, Withdrawn } from '../withdrawn.ts';
import type { Teller } from './teller.ts';

/** The teller of registrations that are not confirmed yet: makes the code that confirms the address, a new one for each message. */
export const tellOfRegistration: Teller<ToldOfRegistration> = async ({ reader }, { issueCode }) => {
  if (!reader) throw new NobodyThere('the recipient is no user');
  if (reader.user.confirmed) throw new Withdrawn('the address is confirmed already');
  return { code: await issueCode(reader.id, 'confirm') };
};
