/**
 * Finds a person's texts in mails to others, as a mail may have them: on one line or several, with signs written for HTML, cut at the end of a subject or of
 * an SMS, in capitals or not. Links and the tags of HTML stay as they are, so that a mail to somebody else can still be read, and its links still lead
 * somewhere.
 */
import { ERASED } from '../../../contracts/personal.ts';
import { TURNING } from '../../../contracts/typed-text.ts';

/** How a text is written: as it is, or with signs and line breaks as HTML has them. */
export type WrittenAs = 'text' | 'html';

/** Signs of a text at least: shorter ones stand in words of everybody. In scripts that write words without blanks two signs are a word, or a name. */
const LEAST = 3;
const LEAST_WITHOUT_BLANKS = 2;
/** Signs from which on a text is taken for the person's also within a longer word. */
const LONG = 8;
/** Signs that must be left of a text that was cut, to know it by. */
const LEAST_OF_CUT = 12;

/** What stands between two words, or turns their direction; a mail may have one blank for several, or another sign. */
const BETWEEN = new RegExp(String.raw`[\p{Cc}\p{Z}]|${TURNING}`, 'u');
/** The signs of words in scripts that have blanks between them. */
const OF_WORDS = /[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{N}\p{M}_]/u;
/** Links, tags, escaped signs, and any one sign. */
const LINKS = { text: 'https?://\\S+|', html: 'https?://[^\\s<]+|' } as const;
const PIECES = { text: '[^]', html: '<br>|<[^>]*>|&#\\d{1,5};|[^]' } as const;
/** In the place of a tag, or of a link: no text has it. */
const WALL = '\0';

/** A text as it is compared: in lower case, without blanks; for each unit where it stands in what it was made of. */
interface Compared {
  units: string;
  from: number[];
  to: number[];
}

interface Wanted {
  units: string;
  isLink: boolean;
}

/**
 * Makes the function that puts `[erased]` in the place of each of these texts. Texts of fewer than 3 signs are left out, blanks not counted (fewer than
 * 2 where their script has no blanks between words); those of fewer than 8 are found as words of their own alone.
 */
export function textEraser(texts: readonly string[]): (text: string, as: WrittenAs) => string {
  const all = [...new Set(texts)].map((text) => ({ units: compared(text, 'text', true).units, isLink: /https?:\/\//i.test(text) }));
  const longestFirst = all.filter(({ units }) => isLongEnough(units)).toSorted((one, other) => other.units.length - one.units.length);
  return (text, as) => {
    const forms = { left: text, withLinks: compared(text, as, true), without: compared(text, as, false) };
    for (const wanted of longestFirst) {
      const next = withoutText(wanted, forms.left, wanted.isLink ? forms.withLinks : forms.without);
      if (next !== forms.left) Object.assign(forms, { left: next, withLinks: compared(next, as, true), without: compared(next, as, false) });
    }
    return forms.left;
  };
}

function isLongEnough(units: string): boolean {
  return [...units].length >= (OF_WORDS.test(units) ? LEAST : LEAST_WITHOUT_BLANKS);
}

function withoutText({ units }: Wanted, text: string, hay: Compared): string {
  let [left, done] = ['', 0];
  for (const [at, length] of placesOf(units, hay)) {
    left += `${text.slice(done, hay.from[at])}${ERASED}`;
    done = hay.to[at + length - 1] ?? text.length;
  }
  return left + text.slice(done);
}

/** The places of a text, one after another: where it begins, and its units there. */
function* placesOf(wanted: string, hay: Compared): Generator<[at: number, length: number]> {
  let next = 0;
  for (let at = hay.units.indexOf(wanted); at >= 0; at = hay.units.indexOf(wanted, next)) {
    const isFound = wanted.length >= LONG || isWhole(hay, at, wanted.length);
    if (isFound) yield [at, wanted.length];
    next = at + (isFound ? wanted.length : 1);
  }
  const cut = cutAt(wanted, hay.units, next);
  if (cut) yield cut;
}

/** The beginning of a text that was cut where the mail ends, or where only the link of an SMS follows. */
function cutAt(wanted: string, hay: string, after: number): [at: number, length: number] | undefined {
  if (wanted.length <= LEAST_OF_CUT) return undefined;
  const beginning = wanted.slice(0, LEAST_OF_CUT);
  for (let at = hay.indexOf(beginning, after); at >= 0; at = hay.indexOf(beginning, at + 1)) {
    const rest = hay.slice(at).replace(/[\0…]+$/, '');
    if (wanted.startsWith(rest)) return [at, rest.length];
  }
  return undefined;
}

/** True where the text is no part of a longer word. */
function isWhole({ units, from, to }: Compared, at: number, length: number): boolean {
  const end = at + length;
  const joins = (one: number) => from[one] === to[one - 1] && OF_WORDS.test(units[one - 1] ?? '') && OF_WORDS.test(units[one] ?? '');
  return !joins(at) && !joins(end);
}

function compared(text: string, as: WrittenAs, withLinks: boolean): Compared {
  const found: Compared = { units: '', from: [], to: [] };
  for (const { 0: piece, index } of text.matchAll(new RegExp(`${withLinks ? '' : LINKS[as]}${PIECES[as]}`, 'giu'))) {
    const sign = signOf(piece, as);
    found.units += sign;
    for (let unit = 0; unit < sign.length; unit++) {
      found.from.push(index);
      found.to.push(index + piece.length);
    }
  }
  return found;
}

/** The sign that a piece stands for, in lower case; empty for what stands between words. */
function signOf(piece: string, as: WrittenAs): string {
  if (piece === '<br>' && as === 'html') return '';
  const [, code] = /^&#(\d+);$/.exec(piece) ?? [];
  const sign = code === undefined ? piece : String.fromCodePoint(Number(code));
  if (sign.length > 2) return WALL;
  return BETWEEN.test(sign) ? '' : sign.toLowerCase();
}
