/**
 * One-time codes for links in mails. Only their hashes are stored. A code belongs to a user or an invitation, and is good as long as the address that it
 * was sent to is the one that it is about.
 */

import { mailboxOf } from '../../contracts/email.ts';
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
   * True for a code that is good no more because what it was for is done: it was used, or the address that it was to confirm is confirmed. False for one
   * that is too old, that another one has followed, and that is nobody's.
   */
  isDone(code: string, purpose: CodePurpose): Promise<boolean>;
  /** Ends all codes of a user or an invitation for this purpose as used; default: for all. */
  spend(id: string, purpose?: CodePurpose): Promise<void>;
  /** Removes all that is kept of codes of a user. */
  forget(id: string): Promise<void>;
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
  hmac(text: string): string;
  now(): Date;
}

export function openCodes({ secrets, addresses, hmac, now }: CodesOptions): Codes {
  async function hashedAddress(id: string, purpose: CodePurpose): Promise<string | null> {
    const address = await addresses[purpose](id);
    return address === null ? null : hmac(`address:${mailboxOf(address)}`);
  }

  async function end(userId: string, over: Over, purpose?: CodePurpose): Promise<void> {
    // One that is changed right now goes at once, and so do those of phones, which are kept here, too.
    for (const one of await secrets.list<Code>('codes', userId))
      if ((!purpose || one.value.purpose === purpose) && !(await mark(one, over))) await secrets.delete('codes', one.key);
  }

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
      await end(id, 'followed', purpose);
      await secrets.put('codes', { key: hashOf(code), value, owner: id, expires }, 0);
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
      if (!kept || purpose !== 'confirm') return kept?.purpose === 'used';
      // However it was confirmed, and by whichever of its mails.
      const { userId, address } = kept;
      return (await hashedAddress(userId, 'confirm')) === null && (await hashedAddress(userId, 'reset')) === address;
    },
    spend: (id, purpose) => end(id, 'used', purpose),
    forget: async (id) => {
      for (const { key } of await secrets.list('codes', id)) await secrets.delete('codes', key);
    },
  };
}
