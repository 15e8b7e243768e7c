/** What a new password may not be. There are no rules of composition (NIST SP 800-63B-4, 3.1.1.2; OWASP ASVS 5.0.0, 6.2). */
import { readFileSync } from 'node:fs';
import { ProblemError } from '../../contracts/problem.ts';

/** Whose password it is to be; what is not known is left out. */
export interface PasswordOwner {
  name?: string | undefined;
  /** As typed, or as stored. */
  email?: string | undefined;
}

const PRODUCT = 'taskledger';
/** Characters of a name's word, or of the address before its @, that tell who somebody is: fewer are in many a word. */
const TELLING = 4;
/** What a reader does not see: blanks, controls, marks of direction, and fillers. */
const INVISIBLE = /[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u115f\u1160\u2800\u3164\uffa0]/gu;

/** The form in which a password is hashed and compared: the same characters from another keyboard are the same password (NIST SP 800-63B-4, 3.1.1.2). */
export function normalPassword(password: string): string {
  return password.normalize('NFKC');
}

/**
 * The reason for which a password is refused, as the rest of a sentence that begins with "The password"; null for a good one.
 * Its length was checked by its schema.
 */
export function weaknessOf(password: string, owner: PasswordOwner = {}): string | null {
  const normal = normalPassword(password).toLowerCase();
  const visible = normal.replace(INVISIBLE, '');
  if (new Set(visible).size < 2) return 'must have more than one character that can be seen';
  if (common().has(normal) || common().has(visible)) return 'is among the most common ones: others would guess it';
  if (visible.includes(PRODUCT)) return 'must not hold the name of this product';
  if (tellsOf(owner, normal)) return 'must not hold your name or e-mail address';
  return null;
}

/** Refuses a weak new password. `pointer` is where the body has it. Error: ProblemError `invalid`. */
export function expectGoodPassword(password: string, owner: PasswordOwner, pointer: string): void {
  const weakness = weaknessOf(password, owner);
  if (weakness === null) return;
  throw new ProblemError('invalid', `The password ${weakness}. Choose another one.`, { errors: [{ pointer, detail: weakness }] });
}

/** True where a password holds what somebody who knows its owner would begin to guess with: a word of the name, or the address up to its @. */
function tellsOf({ name = '', email = '' }: PasswordOwner, password: string): boolean {
  const words = normalPassword(name)
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u);
  const address = normalPassword(email).toLowerCase();
  const telling = [...words, address.slice(0, Math.max(0, address.lastIndexOf('@')))];
  // The whole address tells who somebody is, however short what stands before its @ is.
  return (address !== '' && password.includes(address)) || telling.some((word) => [...word].length >= TELLING && password.includes(word));
}

let kept: ReadonlySet<string> | undefined;

/**
 * The 3,000 most common passwords of ten characters or more, in NFKC and lower case. They are the first of that length in the list of
 * passwords that leaked, `10_million_password_list_top_1M.txt` of OWASP's SecLists (MIT; in its release of 2015 CC BY-SA 3.0).
 */
function common(): ReadonlySet<string> {
  kept ??= new Set(
    readFileSync(new URL('common-passwords.txt', import.meta.url), 'utf8')
      .split('\n')
      .filter(Boolean),
  );
  return kept;
}
