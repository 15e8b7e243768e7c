/** The letters that stand in the place of a person's picture. */

/** Letters as people see them: a flag or a family is one. */
const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

const LETTER = /^\p{L}/u;

/**
 * At most two letters of a name: the first of its first and of its last word that have any. A name without letters gives the first sign of it, whatever
 * that is.
 *
 *     initials('(Bob) von Smith')  // 'BS'
 */
export function initials(name: string): string {
  const signs = name
    .trim()
    .split(/\s+/)
    .map((word) => [...graphemes.segment(word)].map(({ segment }) => segment));
  const letters = signs.flatMap((word) => word.find((sign) => LETTER.test(sign)) ?? []);
  const [first = signs[0]?.[0] ?? '', ...more] = letters;
  return [first, ...more.slice(-1)].map(large).join('');
}

/** A sign as a capital, where that is one sign, too: “ß” is none. */
function large(sign: string): string {
  const capital = sign.toUpperCase();
  return [...graphemes.segment(capital)].length === 1 ? capital : sign;
}
