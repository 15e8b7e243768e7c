import { idOf } from '../../contracts/message.ts';
import type { ToldOfPhone } from '../../contracts/notifications/user.ts';
import type { UserState } from '../../write-side/deciders/user.ts';
import { Withdrawn } from '../withdrawn.ts';
import { type Teller, whole } from './teller.ts';

/** The teller of a phone number that is wanted, as long as it is: makes the code that confirms it, which ends the one before. */
export const tellOfPhone: Teller<ToldOfPhone> = async ({ about, recipient }, context) => {
  const { pendingPhone } = await whole<UserState>(about.stream, context);
  const isWanted = pendingPhone !== null && pendingPhone.phone === recipient.phone && context.now().toISOString() < pendingPhone.until;
  if (!isWanted) throw new Withdrawn('the phone number does not wait to be confirmed any more');
  return { code: await context.issueCode(idOf(about.stream), 'phone'), site: context.site };
};
