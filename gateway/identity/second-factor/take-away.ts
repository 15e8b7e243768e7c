/** Taking a second factor away: by its owner, an admin, the operator, or who proves the mailbox. */
import type { Actor } from '../../../contracts/aggregate.ts';
import type { SecondFactorChange } from '../../../contracts/user.ts';
import type { CommandHandler } from '../../../platform/command-handler.ts';
import { recordOfAccount } from '../record-of-account.ts';
import type { SecondFactors } from './second-factors.ts';

export interface TakingAway {
  secondFactors: SecondFactors;
  commands: CommandHandler;
  changed(userId: string): Promise<void>;
  now(): Date;
}

export interface TakenAway {
  userId: string;
  by: Extract<SecondFactorChange, { change: 'disabled' }>['by'];
  /** Who is recorded as having done it; default: the system. */
  actor?: Actor;
  requestId: string;
}

/**
 * Records that a user's second factor is taken away, has it told by mail, and takes it away; false where there was none. Recorded first, and once: where one
 * of the steps fails, a repeat does them all. One that the mailbox takes away was set up before
 * anybody had proved the address. Errors: those of the secrets and of the command handler.
 */
export async function takeSecondFactorAway(options: TakingAway, { userId, by, actor, requestId }: TakenAway): Promise<boolean> {
  const record = async (since: string) => {
    const of = { id: userId, key: `second factor off, on since ${since}`, correlationId: requestId, ...(actor ? { actor } : {}) };
    await recordOfAccount(options, of, { type: 'TellSecondFactor', data: { change: 'disabled', by } });
  };
  const isGone = await options.secondFactors.remove(userId, by === 'mailbox', record);
  if (isGone) await options.changed(userId);
  return isGone;
}
