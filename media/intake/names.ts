/** Names of files as they come from strangers, made into names that are shown and offered for saving. */

import { isSeen, withoutUnseen } from '../../contracts/typed-text.ts';

/** Controls, what others have given a meaning of their own, line separators, lone surrogates. */
const NO_LETTERS = /[\p{Cc}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu;
const LONGEST = 200;
/** Characters at the end of a name that are looked at: a name of any length is made in a bounded time. */
const LONGEST_LOOKED_AT = 2_000;

/** The end of a name in lower case, without the dot; empty where it has none. */
export function extensionOf(name: string): string {
  return /[^.]\.([a-z0-9]{1,10})$/i.exec(shown(name))?.[1]?.toLowerCase() ?? '';
}

/**
 * The name without folders and without characters that are not seen, of at most 200 characters; `extension` is put behind a name that has none.
 *
 *     cleanName('C:\\temp\\photo', 'jpg')  // 'photo.jpg'
 */
export function cleanName(name: string, extension: string): string {
  const own = extensionOf(name);
  const whole = shown(name);
  const words = (own ? whole.slice(0, -own.length - 1) : whole).replace(/[. ]+$/, '');
  const stem = isSeen(words) ? words : '';
  const end = own || extension ? `.${own ? whole.slice(-own.length) : extension}` : '';
  return `${upTo(stem || 'file', LONGEST - end.length)}${end}`;
}

function shown(name: string): string {
  const last = withoutUnseen(name.slice(-LONGEST_LOOKED_AT).replace(NO_LETTERS, '')).normalize('NFC').split(/[/\\]/).at(-1) ?? '';
  return last.replace(/\s+/g, ' ').trim().replace(/^\.+/, '');
}

/** The first characters of a text, no half of a pair among them. */
function upTo(text: string, most: number): string {
  return text
    .slice(0, most)
    .replace(/[\ud800-\udbff]$/, '')
    .trimEnd();
}
