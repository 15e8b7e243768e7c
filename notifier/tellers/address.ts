import { normaliseEmail } from '../../contracts/email.ts';
import { idOf } from '../../contracts/message.ts';
import type { ToldOfAddress, ToldOfNewAddress } from '../../contracts/notifications/user.ts';
import type { UserState } from '../../write-side/deciders/user.ts';
import { Withdrawn } from '../withdrawn.ts';
import { type Teller, type TellerContext, whole } from './teller.ts';

const isPending = ({ pending }: UserState, { now }: TellerContext) => pending !== null && now().toISOString() < pending.until;

/** The teller of an address that is wanted, as long as it is: makes the code that confirms it, which ends the one before. */
export const tellOfNewAddress: Teller<ToldOfNewAddress> = async ({ about, recipient }, context) => {
  const user = await whole<UserState>(about.stream, context);
  const isWanted = isPending(user, context) && normaliseEmail(user.pending?.email ?? '') === normaliseEmail(recipient.address ?? '');
  if (!isWanted) throw new Withdrawn('the change of address does not wait to be confirmed any more');
  return { code: await context.issueCode(idOf(about.stream), 'address'), site: context.site };
};

/** The teller of a change of address to the address of before. */
export const tellOfAddress: Teller<ToldOfAddress> = async ({ about }, context) => {
  const user = await whole<UserState>(about.stream, context);
  return { site: context.site, isPending: isPending(user, context) };
};
