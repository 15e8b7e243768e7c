/**
 * One-time codes for links in mails. Only their hashes are stored. A code belongs to a user or an invitation, and is good as long as the address that it
 * was sent to is the one that it is about.
 */

import { mailboxOf } from '../../contracts/email.ts';
import { stableId } from '../../platform/stable-id.ts';
import { hashOf, randomSecret } from './refresh-tokens.ts';
import type { SecretRecord, Secrets } from './secrets/secrets.ts';

export type CodePurpose = 'confirm' | 'reset' | 'address' | 'invitation';

interface Code {
  /** What it is good for; why it is good for nothing any more. */
  purpose: CodePurpose | Over;
  /** What it was good for, once it is no more. The record stays until the code would have ended, so that who opens the link again is told what is so. */
  was?: CodePurpose;
  /** The user, or the invitation. */
  userId: string;
  /** The keyed hash of the address. */
  address: string;
}

type Over = 'used' | 'followed';

export interface Codes {
  /** Makes a code: base64url of 256 bits. It ends the one before it. Rejects where there is no such user or invitation. */
  issue(id: string, purpose: CodePurpose): Promise<string>;
  /** Resolves to the id of the user or invitation for whom a code was made, while it is good; else null. */
  userOf(code: string, purpose: CodePurpose): Promise<string | null>;
  /**
   * True for a code that is good no more because what it was for is done, in whatever way: the address that it was about is the account's and confirmed,
   * the invitation has its account, the password was set. False for one that is too old, that another one has followed, and that is nobody's.
   */
  isDone(code: string, purpose: CodePurpose): Promise<boolean>;
  /** Ends the codes of a user or an invitation for this purpose as used. */
  spend(id: string, purpose: CodePurpose): Promise<void>;
  /** Ends all codes of a user: as used those for what is done by now, which are told so; the others as good for nothing any more. */
  spendAll(userId: string, done: readonly CodePurpose[]): Promise<void>;
  /** Removes all that is kept of codes of a user, those of the invitation among them by which they came. */
  forget(userId: string): Promise<void>;
}

/**
 * Milliseconds that a code is good for, from when its mail is made, right before it is sent (OWASP ASVS 5.0.0, 6.5.5 for those that let somebody in).
 */
const LIFE: Record<CodePurpose, number> = { confirm: 48 * 3_600_000, reset: 600_000, address: 600_000, invitation: 7 * 24 * 3_600_000 };

const isPurpose = (text: string): text is CodePurpose => text in LIFE;

export interface CodesOptions {
  secrets: Secrets;
  /** The addresses that codes of a purpose are about, of each user or invitation; null where there is none (any more). */
  addresses: Readonly<Record<CodePurpose, (id: string) => Promise<string | null>>>;
  /** True where an invitation was accepted, and the account that it made is there. */
  isAccepted(invitation: string): Promise<boolean>;
  hmac(text: string): string;
  now(): Date;
}

/** Whose a code is: of an invitation the account's that it makes, so that nothing of the code stays where that account goes. */
const ownerOf = (id: string, purpose: CodePurpose): string => (purpose === 'invitation' ? stableId('invited', id) : id);

export function openCodes({ secrets, addresses, isAccepted, hmac, now }: CodesOptions): Codes {
  async function hashedAddress(id: string, purpose: CodePurpose): Promise<string | null> {
    const address = await addresses[purpose](id);
    return address === null ? null : hmac(`address:${mailboxOf(address)}`);
  }

  /** Ends those codes of an owner for which `overOf` says how they end. */
  async function end(owner: string, overOf: (purpose: Code['purpose']) => Over | null): Promise<void> {
    for (const one of await secrets.list<Code>('codes', owner)) {
      const over = overOf(one.value.purpose);
      // One that is changed right now goes at once, and so do those of phones, which are kept here, too.
      if (over && !(await mark(one, over))) await secrets.delete('codes', one.key);
    }
  }

  const endOf = (id: string, purpose: CodePurpose, over: Over) => end(ownerOf(id, purpose), (one) => (one === purpose ? over : null));

  async function mark({ value, version, ...record }: SecretRecord<Code>, over: Over): Promise<boolean> {
    if (value.was) return true;
    if (!isPurpose(value.purpose)) return false;
    return secrets.put('codes', { ...record, value: { ...value, purpose: over, was: value.purpose } }, version);
  }

  async function find(code: string, purpose: CodePurpose): Promise<Code | null> {
    const kept = await secrets.get<Code>('codes', hashOf(code));
    return kept && (kept.value.was ?? kept.value.purpose) === purpose ? kept.value : null;
  }

  return {
    issue: async (id, purpose) => {
      const address = await hashedAddress(id, purpose);
      if (address === null) throw new Error(`no code (${purpose}) can be made for ${id}: there is none of that id`);
      const code = randomSecret();
      const value: Code = { purpose, userId: id, address };
      const expires = new Date(now().getTime() + LIFE[purpose]).toISOString();
      await endOf(id, purpose, 'followed');
      await secrets.put('codes', { key: hashOf(code), value, owner: ownerOf(id, purpose), expires }, 0);
      return code;
    },
    userOf: async (code, purpose) => {
      const kept = await find(code, purpose);
      if (kept?.purpose !== purpose) return null;
      const { userId, address } = kept;
      return (await hashedAddress(userId, purpose)) === address ? userId : null;
    },
    isDone: async (code, purpose) => {
      const kept = await find(code, purpose);
      if (!kept || purpose === 'reset') return kept?.purpose === 'used';
      // By what is so, and not by the mark, which is made last: a process that was killed may not have come to it.
      const { userId, address } = kept;
      if (purpose === 'invitation') return isAccepted(userId);
      const isItsAddress = (await hashedAddress(userId, 'reset')) === address;
      return isItsAddress && (purpose === 'address' || (await hashedAddress(userId, 'confirm')) === null);
    },
    spend: (id, purpose) => endOf(id, purpose, 'used'),
    spendAll: (userId, done) => end(userId, (purpose) => (isPurpose(purpose) && done.includes(purpose) ? 'used' : 'followed')),
    forget: async (id) => {
      for (const { key } of await secrets.list('codes', id)) await secrets.delete('codes', key);
    },
  };
}
