import type { ToldOfRegistration, ToldOfReset } from '../../contracts/notifications/user.ts';
import { NobodyThere, Withdrawn } from '../withdrawn.ts';
import type { Teller } from './teller.ts';

/** The teller of registrations that are not confirmed yet: makes the code that confirms the address, a new one for each message. */
export const tellOfRegistration: Teller<ToldOfRegistration> = async ({ reader }, { issueCode }) => {
  if (!reader) throw new NobodyThere('the recipient is no user');
  if (reader.user.confirmed) throw new Withdrawn('the address is confirmed already');
  return { code: await issueCode(reader.id, 'confirm') };
};

/** The teller of forgotten passwords: makes the code that sets another one. A message that is sent again has a code of its own, which ends the one before. */
export const tellOfReset: Teller<ToldOfReset> = async ({ reader }, { issueCode }) => {
  if (!reader) throw new NobodyThere('the recipient is no user');
  return { code: await issueCode(reader.id, 'reset') };
};
