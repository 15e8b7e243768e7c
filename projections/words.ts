/** Text as queries compare it: the same normalisation for what is stored and for what is asked. */

/** The most characters of a word: longer words are cut, in documents and in queries alike. */
const LONGEST = 50;

// biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII is meant
const ASCII = /^[\x00-\x7f]*$/;

/** NFKC and lower case (and NFKC again: lower case can decompose). */
function normalise(text: string): string {
  return ASCII.test(text) ? text.toLowerCase() : text.normalize('NFKC').toLowerCase().normalize('NFKC');
}

/** The words of a text, each once: runs of letters (with their marks) and digits, normalised. */
export function words(text: string): string[] {
  const found = normalise(text).split(/[^\p{L}\p{M}\p{N}]+/u);
  return [...new Set(found.filter(Boolean).map(cut))];
}

function cut(word: string): string {
  return word.length <= LONGEST ? word : [...word].slice(0, LONGEST).join('');
}

/** The text by which lists are sorted: without case and accents. */
export function sortKey(text: string): string {
  return normalise(text.normalize('NFKD').replace(/[\u0300-\u036f]/g, ''));
}
