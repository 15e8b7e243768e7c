/**
 * Texts as people and programs send them now. What is stored may be older than these rules: events and views take what `line` and `prose` of
 * contracts/fields.ts take, and are read as ever.
 *
 * Of a line is taken out, as blanks at its ends are, what turns it round and what nobody sees where writing does not need it: who pasted such signs
 * cannot see them to take them out. What is left must show something. In texts of several lines all may stand, if what turns a line is closed in it.
 */
import { z } from 'zod';
import { oneLineIn, prose } from './fields.ts';

/** The signs that turn the direction of what follows them until they are closed (UAX 9, 2.1 to 2.4): with one, a name that ends with `gpj.exe` is shown as `exe.jpg`. A class of a regular expression, as text. */
export const TURNING = String.raw`[\u202a-\u202e\u2066-\u2069]`;
/** What nobody sees. */
const UNSEEN = String.raw`[\p{Default_Ignorable_Code_Point}\ufff9-\ufffb]`;
/** What shows something by itself. */
const VISIBLE = /[^\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\p{M}\u2800]/u;

/** Letters and marks of writings with joiners, non-joiners or places to break (Arabic, Indic, Khmer, …), of which Latin, Greek and Cyrillic are none. */
const NEEDS_JOINERS = String.raw`(?![\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}])[\p{L}\p{M}]`;
/**
 * What nobody sees, and writing needs where it stands: a selector right behind what it varies; a joiner behind an emoji; joiners, non-joiners and
 * places to break behind letters of a writing that has them; and the letters that spell the flag of a part of a country.
 */
const NEEDED = [
  String.raw`(?<=[^\p{C}\p{Z}\p{Default_Ignorable_Code_Point}])[\ufe00-\ufe0f\u{e0100}-\u{e01ef}\u180b-\u180f]`,
  String.raw`(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f])\u200d`,
  String.raw`(?<=${NEEDS_JOINERS})[\u200b-\u200d\u034f\u2060]`,
  String.raw`(?<=\u{1f3f4})[\u{e0030}-\u{e007a}]{1,8}\u{e007f}`,
];
/** Marks of direction, which turn only what stands beside them: what is written from the right needs them. */
const MARKS = String.raw`[\u200e\u200f\u061c]`;
const FROM_THE_RIGHT = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Adlam}]/u;

const NEEDED_OR_OUT = new RegExp(`(${NEEDED.join('|')})|${TURNING}|${UNSEEN}`, 'gu');
const NEEDED_FROM_THE_RIGHT_OR_OUT = new RegExp(`(${[...NEEDED, MARKS].join('|')})|${TURNING}|${UNSEEN}`, 'gu');

/**
 * A text without what turns it round, and without what nobody sees where writing does not need it.
 *
 *     withoutUnseen('invoice\u202egpj.exe')  // 'invoicegpj.exe'
 */
export function withoutUnseen(text: string): string {
  return text.replace(FROM_THE_RIGHT.test(text) ? NEEDED_FROM_THE_RIGHT_OR_OUT : NEEDED_OR_OUT, (_sign, needed?: string) => needed ?? '');
}

/** True where a text shows something. */
export function isSeen(text: string): boolean {
  return VISIBLE.test(text);
}

/** A line that was sent: as `line`, without what `withoutUnseen` takes out, and with something to see in it. */
export function typedLine(min: number, max: number) {
  return oneLineIn(z.string().overwrite(withoutUnseen), min, max)
    .refine((text) => !/[\p{Zl}\p{Zp}]/u.test(text), 'must be one line of text')
    .refine(isSeen, 'must hold something that can be seen')
    .meta({ minLength: min, maxLength: max });
}

/** Text of several lines that was sent: as `prose`, with something to see in it unless it is blank, and each sign that turns a line closed in that line. */
export function typedProse(min: number, max: number) {
  return prose(min, max)
    .refine((text) => text.trim() === '' || isSeen(text), 'must hold something that can be seen')
    .refine(
      (text) => text.split(/[\n\v\f\r\u0085\u2028\u2029]/u).every(isClosed),
      'must close in the same line each sign that turns the direction of the text (U+202A to U+202E, U+2066 to U+2068), or leave it out',
    )
    .meta({ minLength: min, maxLength: max });
}

/** The sign that closes what each of these opens. */
const CLOSED_BY: ReadonlyMap<string, string> = new Map([
  ...[...'\u202a\u202b\u202d\u202e'].map((sign) => [sign, '\u202c'] as const),
  ...[...'\u2066\u2067\u2068'].map((sign) => [sign, '\u2069'] as const),
]);

/** True where the signs that turn a line are closed in it, the last one first. */
function isClosed(text: string): boolean {
  const open: string[] = [];
  for (const [sign] of text.matchAll(new RegExp(TURNING, 'gu'))) {
    const closing = CLOSED_BY.get(sign);
    if (closing !== undefined) open.push(closing);
    else if (open.pop() !== sign) return false;
  }
  return open.length === 0;
}
