/**
 * The one whom a mail goes to, and whether the address is known to be theirs. What a person typed is mailed to confirmed addresses alone, so that
 * nobody has our server send any text to any address; what an admin or another backend causes is trusted.
 */
import type { AboutCategory } from '../contracts/notifications/kinds.ts';
import { ERASED_ADDRESS } from '../contracts/personal.ts';
import { ProblemError } from '../contracts/problem.ts';
import type { CommandHandler } from '../platform/command-handler.ts';
import type { Limits } from '../platform/http/limits/limits.ts';
import { giveBackTogether, type LimitPoints, takeTogether } from '../platform/http/limits/together.ts';
import { emailValue } from '../platform/shown-email.ts';
import type { NotificationState } from '../write-side/deciders/notification.ts';
import type { UserState } from '../write-side/deciders/user.ts';
import type { Mail } from './mailer/mailer.ts';
import { NotYet } from './sending.ts';
import { type Reader, userOf } from './tellers/teller.ts';
import { NobodyThere } from './withdrawn.ts';

/** The bound of mails to addresses that nobody has shown to be theirs, counted over all senders. */
export interface StrangerMails {
  /** Counts a mail about such a thing to an address. Error: NotYet, where it has had as many as it may for now. */
  take(address: string, about: AboutCategory): Promise<void>;
  /** Takes the count of a mail back that surely was not sent. */
  giveBack(address: string, about: AboutCategory): Promise<void>;
}

export interface AddresseeContext {
  commands: Pick<CommandHandler, 'load' | 'holder'>;
  /** Missing where mails reach nobody (an outbox): nothing waits, and nothing is counted. */
  strangerMails?: StrangerMails | undefined;
}

export interface Addressee {
  /** The user who is told; null where the recipient never was a user. */
  reader: Reader | null;
  to: Mail['to'];
  /** False where the mail may hold nothing that a person typed: no account has the address confirmed, and nobody trusted causes the mail. */
  isKnown: boolean;
}

/** The addressee of a mail. Errors: NobodyThere; the store's own. */
export async function addresseeOf(state: NotificationState, context: AddresseeContext): Promise<Addressee> {
  const reader = await readerOf(state, context);
  const to = recipientOf(state, reader);
  const isKnown = (await isConfirmed(state, reader, context)) || (await isTrusted(state, context));
  return { reader, to, isKnown };
}

/** The user who is told, also where an operator corrected the address; null where the recipient never was a user. Errors: NobodyThere; the store's own. */
export async function readerOf({ reader }: NotificationState, context: { commands: Pick<CommandHandler, 'load'> }): Promise<Reader | null> {
  return reader === null ? null : { id: reader, user: await userOf(reader, context) };
}

/** The recipient of the mail: a user as they are now, or an address that was given. */
function recipientOf({ recipient }: NotificationState, reader: Reader | null): Mail['to'] {
  if (recipient.address === ERASED_ADDRESS) throw new NobodyThere('the recipient was erased');
  if (recipient.address) return { name: '', address: recipient.address };
  if (!reader) throw new NobodyThere('the recipient has no address');
  return { name: reader.user.name, address: reader.user.email };
}

async function isConfirmed({ recipient }: NotificationState, reader: Reader | null, { commands }: AddresseeContext): Promise<boolean> {
  if (!recipient.address) return reader?.user.confirmed === true;
  // The address of a user's own notification differs from the user's only where an operator corrected it.
  if (reader) return true;
  const holder = await commands.holder(emailValue(recipient.address));
  if (holder === null) return false;
  const { state } = await commands.load<UserState>(`user-${holder}`);
  return state.exists && !state.deleted && state.confirmed;
}

/** True for what another backend or an admin asked for, caused, or named the recipient of. An actor with a UUID and no stream of a user is an API key. */
async function isTrusted({ askedBy, causedBy, corrected }: NotificationState, { commands }: AddresseeContext): Promise<boolean> {
  if (askedBy !== null || corrected) return true;
  if (causedBy === null || !UUID.test(causedBy)) return false;
  const { state, revision, gone } = await commands.load<UserState>(`user-${causedBy}`);
  if (revision < 0) return !gone;
  return state.role === 'admin' && !state.deleted;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** What mails are about to an address that somebody else may have named. */
const NAMED_BY_ANYBODY: ReadonlySet<AboutCategory> = new Set(['order', 'new_address']);
const STRANGER_LIMITS = ['stranger-mails-day', 'stranger-mails'] as const;

/**
 * Counts mails to strangers’ addresses in the limits, which all processes share where those are in Redis. Anybody who orders, or wants another address,
 * names one: such mails have half of what it may have together, so that the other half is left for what its owner asks for, as the link that confirms it.
 */
export function strangerMailsIn(limits: Pick<Limits, 'consume' | 'refund' | 'points'>): StrangerMails {
  function countsOf(address: string, about: AboutCategory): LimitPoints[] {
    const key = mailboxCounted(address);
    // Of a limit of one, half would be none.
    const half = STRANGER_LIMITS.map((name) => ({ name, key: `named by anybody ${key}`, cost: Math.min(2, limits.points(name)) }));
    return [...(NAMED_BY_ANYBODY.has(about) ? half : []), ...STRANGER_LIMITS.map((name) => ({ name, key, cost: 1 }))];
  }

  return {
    take: (address, about) => counted(() => takeTogether(limits, countsOf(address, about))),
    giveBack: (address, about) => giveBackTogether(limits, countsOf(address, about)),
  };
}

/** The mailbox that mails to an address are counted for: what stands after a + is a word of its owner's, so that nobody has one of them filled by many addresses. */
function mailboxCounted(address: string): string {
  return emailValue(address).value.replace(/(?<=.)\+[^@]*(?=@)/, '');
}

async function counted(consume: () => Promise<unknown>): Promise<void> {
  try {
    await consume();
  } catch (error) {
    if (error instanceof ProblemError && error.code === 'limited') throw new NotYet(ENOUGH, secondsOf(error) * 1_000);
    throw error;
  }
}

const ENOUGH = 'nobody has shown that the address is theirs, and it has had as many mails as it may have for now';

function secondsOf({ headers }: ProblemError): number {
  return Number(headers?.['Retry-After'] ?? 60);
}
