/** One-time codes for links in mails. Only their hashes are stored. A code is good as long as its user has the address that it was sent to. */

import { normaliseEmail } from '../../contracts/email.ts';
import type { UserState } from '../../write-side/deciders/user.ts';
import { hashOf, randomSecret } from './refresh-tokens.ts';
import type { Secrets } from './secrets/secrets.ts';
import type { Users } from './users.ts';

export type CodePurpose = 'confirm' | 'reset';

interface Code {
  purpose: CodePurpose;
  userId: string;
  /** The keyed hash of the address. */
  address: string;
}

export interface Codes {
  /** Makes a code: base64url of 256 bits. One that sets a password ends those before it. Rejects where there is no such user. */
  issue(userId: string, purpose: CodePurpose): Promise<string>;
  /** Resolves to the id of the user for whom a code was made, while it is good; else null. */
  userOf(code: string, purpose: CodePurpose): Promise<string | null>;
  /** Ends all of a user's codes for this purpose. */
  spend(userId: string, purpose?: CodePurpose): Promise<void>;
}

/**
 * Milliseconds that a code is good for, from when its mail is made, right before it is sent (OWASP ASVS 5.0.0, 6.5.5 for those that let somebody in).
 */
const LIFE: Record<CodePurpose, number> = { confirm: 48 * 3_600_000, reset: 600_000 };
/** The most codes of a user: each attempt to send a mail makes one, and any of them may have arrived. */
const MOST_CODES = 20;

export function openCodes({ secrets, users, hmac, now }: { secrets: Secrets; users: Users; hmac(text: string): string; now(): Date }): Codes {
  const addressOf = ({ email }: UserState) => hmac(`address:${normaliseEmail(email)}`);

  async function trim(userId: string): Promise<void> {
    const kept = await secrets.list<Code>('codes', userId);
    const oldestFirst = kept.toSorted((a, b) => ((a.expires ?? '') < (b.expires ?? '') ? -1 : 1));
    for (const one of oldestFirst.slice(0, Math.max(0, kept.length - MOST_CODES))) await secrets.delete('codes', one.key);
  }

  async function spend(userId: string, purpose?: CodePurpose): Promise<void> {
    for (const one of await secrets.list<Code>('codes', userId))
      if (!purpose || one.value.purpose === purpose) await secrets.delete('codes', one.key);
  }

  return {
    issue: async (userId, purpose) => {
      const user = await users.get(userId);
      if (!user) throw new Error(`no code can be made for user ${userId}: there is none`);
      const code = randomSecret();
      const value: Code = { purpose, userId, address: addressOf(user.state) };
      const expires = new Date(now().getTime() + LIFE[purpose]).toISOString();
      if (purpose === 'reset') await spend(userId, purpose);
      await secrets.put('codes', { key: hashOf(code), value, owner: userId, expires }, 0);
      await trim(userId);
      return code;
    },
    userOf: async (code, purpose) => {
      const kept = await secrets.get<Code>('codes', hashOf(code));
      if (!kept || kept.value.purpose !== purpose) return null;
      const user = await users.get(kept.value.userId);
      return user && addressOf(user.state) === kept.value.address ? kept.value.userId : null;
    },
    spend,
  };
}
