/** Codes of six digits that are sent to phone numbers. Only their keyed hashes are stored; one code of a user is good at a time, for few tries. */
import { randomInt, timingSafeEqual } from 'node:crypto';
import type { Secrets } from './secrets/secrets.ts';

interface PhoneCode {
  purpose: 'phone';
  userId: string;
  /** The keyed hashes of the number and of the code. */
  phone: string;
  code: string;
  tries: number;
}

export interface PhoneCodes {
  /** Makes a code for the number that a user wants, which ends the one before. Rejects where the user wants none. */
  issue(userId: string): Promise<string>;
  /** Uses up a try; resolves to the number that the code confirms, null where it is wrong, too old, or was tried too often. */
  check(userId: string, code: string): Promise<string | null>;
  /** Ends the code of a user. */
  spend(userId: string): Promise<void>;
}

/** Milliseconds that a code is good for, from when its SMS is made (OWASP ASVS 5.0.0, 6.5.5). */
const LIFE = 600_000;
/** Tries of one code: of a million, five are guessed rightly once in 200,000. */
const MOST_TRIES = 5;

export interface PhoneCodesOptions {
  secrets: Secrets;
  /** The number that a user wants and has not confirmed yet. */
  wantedBy(userId: string): Promise<string | null>;
  hmac(text: string): string;
  now(): Date;
}

export function openPhoneCodes({ secrets, wantedBy, hmac, now }: PhoneCodesOptions): PhoneCodes {
  const keyOf = (userId: string) => `phone-${userId}`;
  const hashOfPhone = (phone: string) => hmac(`phone:${phone}`);
  const hashOfCode = (userId: string, code: string) => hmac(`phone-code:${userId}:${code}`);

  return {
    issue: async (userId) => {
      const phone = await wantedBy(userId);
      if (phone === null) throw new Error(`no code can be made for ${userId}: no phone number waits to be confirmed`);
      const code = String(randomInt(1_000_000)).padStart(6, '0');
      const value: PhoneCode = { purpose: 'phone', userId, phone: hashOfPhone(phone), code: hashOfCode(userId, code), tries: 0 };
      await secrets.put('codes', { key: keyOf(userId), value, owner: userId, expires: new Date(now().getTime() + LIFE).toISOString() });
      return code;
    },
    check: async (userId, code) => {
      const kept = await tried(secrets, keyOf(userId));
      const phone = await wantedBy(userId);
      return kept && phone && isRight(kept, hashOfPhone(phone), hashOfCode(userId, code)) ? phone : null;
    },
    spend: (userId) => secrets.delete('codes', keyOf(userId)),
  };
}

/** Counts a try before it is looked at, so that many at once are no more tries. Resolves to the code as it is kept; null where none is good. */
async function tried(secrets: Secrets, key: string): Promise<PhoneCode | null> {
  for (;;) {
    const kept = await secrets.get<PhoneCode>('codes', key);
    if (!kept || kept.value.tries >= MOST_TRIES) return null;
    const value = { ...kept.value, tries: kept.value.tries + 1 };
    if (await secrets.put('codes', { ...kept, value }, kept.version)) return value;
  }
}

function isRight(kept: PhoneCode, phone: string, code: string): boolean {
  return kept.phone === phone && timingSafeEqual(Buffer.from(kept.code), Buffer.from(code));
}
