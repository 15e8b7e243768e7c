/**
 * One-time codes for links in mails. Only their hashes are stored. A code belongs to a user or an invitation, and is good as long as the address that it
 * was sent to is the one that it is about.
 */

import { mailboxOf } from '../../contracts/email.ts';
import { hashOf, randomSecret } from './refresh-tokens.ts';
import type { Secrets } from './secrets/secrets.ts';

export type CodePurpose = 'confirm' | 'reset' | 'address' | 'invitation';

interface Code {
  purpose: CodePurpose;
  /** The user, or the invitation. */
  userId: string;
  /** The keyed hash of the address. */
  address: string;
}

export interface Codes {
  /** Makes a code: base64url of 256 bits. It ends the one before it. Rejects where there is no such user or invitation. */
  issue(id: string, purpose: CodePurpose): Promise<string>;
  /** Resolves to the id of the user or invitation for whom a code was made, while it is good; else null. */
  userOf(code: string, purpose: CodePurpose): Promise<string | null>;
  /** Ends all codes of a user or an invitation for this purpose; default: for all. */
  spend(id: string, purpose?: CodePurpose): Promise<void>;
}

/**
 * Milliseconds that a code is good for, from when its mail is made, right before it is sent (OWASP ASVS 5.0.0, 6.5.5 for those that let somebody in).
 */
const LIFE: Record<CodePurpose, number> = { confirm: 48 * 3_600_000, reset: 600_000, address: 600_000, invitation: 7 * 24 * 3_600_000 };

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

  async function spend(userId: string, purpose?: CodePurpose): Promise<void> {
    for (const one of await secrets.list<Code>('codes', userId))
      if (!purpose || one.value.purpose === purpose) await secrets.delete('codes', one.key);
  }

  return {
    issue: async (id, purpose) => {
      const address = await hashedAddress(id, purpose);
      if (address === null) throw new Error(`no code (${purpose}) can be made for ${id}: there is none of that id`);
      const code = randomSecret();
      const value: Code = { purpose, userId: id, address };
      const expires = new Date(now().getTime() + LIFE[purpose]).toISOString();
      await spend(id, purpose);
      await secrets.put('codes', { key: hashOf(code), value, owner: id, expires }, 0);
      return code;
    },
    userOf: async (code, purpose) => {
      const kept = await secrets.get<Code>('codes', hashOf(code));
      if (!kept || kept.value.purpose !== purpose) return null;
      const { userId, address } = kept.value;
      return (await hashedAddress(userId, purpose)) === address ? userId : null;
    },
    spend,
  };
}
