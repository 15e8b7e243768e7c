/** What a code of a sign-in stands on: the account to which its owner would come when the issuer sent them back. It is good as long as that holds. */
import { email as emailSchema } from '../../../contracts/email.ts';
import { ProblemError } from '../../../contracts/problem.ts';
import type { AccountsOptions } from './accounts.ts';
import type { SignedIn } from './signed-in.ts';

export interface AsOf {
  /** The user as whom they come in, or whose account has their address; null: nobody yet. */
  userId: string | null;
  /** The epoch of that user's sessions; empty where none was ended, or there is no user. */
  epoch: string;
  /** The joining by which they come in, as `Subjects` names it; null where they have none. */
  way: string | null;
}

type Accounts = Pick<AccountsOptions, 'subjects' | 'users' | 'sessions'>;

/** Looks up where somebody who signed in would come in now. */
export async function asOfNow(accounts: Accounts, who: SignedIn): Promise<AsOf> {
  const joined = await joinedTo(accounts, who);
  const userId = joined ?? (await withAddressOf(accounts, who));
  return {
    userId,
    epoch: userId === null ? '' : await accounts.sessions.epoch(userId),
    way: joined === null ? null : await accounts.subjects.wayOf(who),
  };
}

async function joinedTo({ subjects, users }: Accounts, who: SignedIn): Promise<string | null> {
  const userId = (await subjects.find(who))?.value.userId;
  if (userId === undefined) return null;
  const { exists, deleted } = (await users.load(userId)).state;
  return exists && !deleted ? userId : null;
}

async function withAddressOf({ users }: Accounts, { email }: SignedIn): Promise<string | null> {
  const address = emailSchema.safeParse(email);
  return address.success ? ((await users.find(address.data))?.id ?? null) : null;
}

/**
 * Refuses a code whose account has had all its sessions ended since, whose sign-in was taken from it, or whose address has become another's. Somebody who
 * was nobody then may have come in by another tab. Error: ProblemError `conflict`.
 */
export async function expectAsItWas(accounts: Accounts, who: SignedIn, then: AsOf): Promise<void> {
  const now = await asOfNow(accounts, who);
  const isSameUser = then.userId === null || now.userId === then.userId;
  const isSameWay = then.way === null || now.way === then.way;
  if (isSameUser && isSameWay && now.epoch === then.epoch) return;
  throw new ProblemError('conflict', 'The account was changed meanwhile. Sign in again.');
}
