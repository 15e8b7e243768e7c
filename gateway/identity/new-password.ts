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
/** A word in whose script a character is a syllable or a word: two tell as much as four letters. */
const OF_SYLLABLES = /^[\p{sc=Han}\p{sc=Hangul}\p{sc=Hiragana}\p{sc=Katakana}]{2,}$/u;
const NEITHER_LETTER_NOR_DIGIT = /[^\p{L}\p{M}\p{N}]+/u;
/** What a reader does not see, where no blank is: it parts no word. */
const UNSEEN = /[\p{C}\p{Default_Ignorable_Code_Point}\u115f\u1160\u3164\uffa0]/gu;
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

/** True where a password holds what somebody who knows its owner would begin to guess with: the name or a word of it, or the address up to its @. */
function tellsOf({ name = '', email = '' }: PasswordOwner, password: string): boolean {
  const [seen, address, words] = [seenOf(password), seenOf(email), seenOf(name).split(NEITHER_LETTER_NOR_DIGIT)];
  const local = address.slice(0, Math.max(0, address.lastIndexOf('@')));
  const letters = lettersOf(seen);
  // A name of one word is looked for as a word: letters of two others may happen to make it.
  const wholes = [words.join(''), lettersOf(local)].filter((whole) => !words.includes(whole) || !isTelling(whole));
  // The whole address tells who somebody is, however short what stands before its @ is.
  if (address !== '' && seen.includes(address)) return true;
  return [...words, local].some((word) => isTelling(word) && seen.includes(word)) || wholes.some((whole) => isMade(letters, whole));
}

/** True where the letters of a password hold somebody's whole name, or are little else than a short one that is in many a word, again and again. */
function isMade(letters: string, whole: string): boolean {
  if (whole === '' || !letters.includes(whole)) return false;
  return isTelling(whole) || letters.replaceAll(whole, '').length < letters.length / 2;
}

const isTelling = (word: string) => [...word].length >= TELLING || OF_SYLLABLES.test(word);
const seenOf = (text: string) => normalPassword(text).toLowerCase().replace(UNSEEN, '');
const lettersOf = (text: string) => text.split(NEITHER_LETTER_NOR_DIGIT).join('');

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
