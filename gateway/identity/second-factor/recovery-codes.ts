/** Recovery codes: ten for each second factor, each good once, for who has lost the app. Only their hashes are kept. */
import { randomBytes } from 'node:crypto';
import { hashOf } from '../refresh-tokens.ts';

const COUNT = 10;
/** 32 characters that nobody takes for another one in handwriting: neither i, l, o nor u. */
const LETTERS = '0123456789abcdefghjkmnpqrstvwxyz';
/** 120 bits: so many that a fast hash tells nothing of them (OWASP ASVS 5.0.0, 6.5.2, from 112 on). */
const LENGTH = 24;

/** Makes new recovery codes: six groups of four characters. */
export function newRecoveryCodes(): string[] {
  return Array.from({ length: COUNT }, () => {
    const letters = Array.from(randomBytes(LENGTH), (byte) => LETTERS[byte % LETTERS.length]).join('');
    return letters.replace(/.{4}(?=.)/g, '$&-');
  });
}

/** The hash of a recovery code, however its groups are written, and with letters for what they look like. */
export function recoveryHash(code: string): string {
  const letters = code
    .toLowerCase()
    .replace(/[^0-9a-z]/g, '')
    .replaceAll('o', '0')
    .replace(/[il]/g, '1');
  return hashOf(`recovery:${letters}`);
}
