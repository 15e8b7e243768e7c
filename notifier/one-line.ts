/** Texts of people as one line, cut where no sign is torn apart. */
import { isSeen, TURNING } from '../contracts/typed-text.ts';

const NOT_IN_A_LINE = /[\p{Cc}\p{Zl}\p{Zp}]+/gu;
const TURNING_SIGNS = new RegExp(TURNING, 'gu');
const signs = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** The text as one line; empty where nobody would see anything of it. */
export function oneLine(text: string): string {
  return isSeen(text) ? text.replace(TURNING_SIGNS, '').replace(NOT_IN_A_LINE, ' ').trim() : '';
}

/** The first line of a text of which anything is seen; empty where there is none. */
export function firstLine(text: string): string {
  for (const line of text.split(/[\n\v\f\r\u0085\u2028\u2029]/)) {
    const seen = oneLine(line);
    if (seen) return seen;
  }
  return '';
}

/** The beginning of a text, of at most `most` units as `lengthOf` counts them; a sign (grapheme) is whole, unless it alone is longer than that. */
export function shortened(text: string, most: number, lengthOf: (text: string) => number): string {
  if (lengthOf(text) <= most) return text;
  // No sign that fits begins behind this.
  const beginning = text.slice(0, 2 * most + 1);
  let [end, length] = [0, 0];
  for (const { segment, index } of signs.segment(beginning)) {
    length += lengthOf(segment);
    if (length > most) break;
    end = index + segment.length;
  }
  return end > 0 ? text.slice(0, end) : [...beginning].slice(0, Math.floor(most / 2)).join('');
}

/** The length in the units that an SMS is counted in (UTF-16). */
export const units = (text: string) => text.length;
