import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { characters } from '../contracts/fields.ts';
import { firstLine, oneLine, shortened, units } from './one-line.ts';

const FAMILY = '👩‍👩‍👧‍👦';
const LETTERS = fc.string({ unit: fc.constantFrom('a', 'é', 'é'.normalize('NFD'), FAMILY, '🇩🇪', 'नि', '\r\n', '𝕏', ' '), maxLength: 60 });
const signsOf = (text: string) => [...new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(text)].map(({ segment }) => segment);

describe('a line', () => {
  it.each([
    ['one\ttwo\r\nthree', 'one two three'],
    ['one\u2028two\u0085three', 'one two three'],
    ['gpj.\u202etxt.exe', 'gpj.txt.exe'],
    ['\u2067שלום\u2069 there', 'שלום there'],
    [' \u200b\u00ad\u0007', ''],
    ['\u200f', ''],
    ['\u3164\u2800', ''],
    ['שלום', 'שלום'],
    [FAMILY, FAMILY],
  ])('of %j is %j', (text, line) => expect(oneLine(text)).toBe(line));

  it('whatever the text, has no controls, and is not empty but where nothing is seen', () =>
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(oneLine(text)).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]|^\s|\s$/u);
        expect(oneLine(oneLine(text))).toBe(oneLine(text));
        if (/[\p{L}\p{N}\p{P}\p{S}]/u.test(text.replace(/\p{Default_Ignorable_Code_Point}|\u2800/gu, ''))) expect(oneLine(text)).not.toBe('');
      }),
    ));

  it.each([
    ['\n  \n\u200b\nfirst \nsecond', 'first'],
    ['first\u2028second', 'first'],
    ['\r\n', ''],
  ])('the first one of %j is %j', (text, line) => expect(firstLine(text)).toBe(line));
});

describe('a cut', () => {
  it.each([
    ['characters', characters],
    ['UTF-16 units', units],
  ] as const)('in %s keeps whole signs, as many as fit', (_, lengthOf) =>
    fc.assert(
      fc.property(LETTERS, fc.integer({ min: 12, max: 40 }), (text, most) => {
        const kept = shortened(text, most, lengthOf);
        expect(text.startsWith(kept)).toBe(true);
        expect(lengthOf(kept)).toBeLessThanOrEqual(most);
        expect(signsOf(text).slice(0, signsOf(kept).length)).toEqual(signsOf(kept));
        const next = signsOf(text)[signsOf(kept).length];
        if (next !== undefined) expect(lengthOf(kept + next)).toBeGreaterThan(most);
      }),
    ),
  );

  it('of a sign that is longer than all of it is a part that is well-formed', () => {
    const towering = `a${'\u0301'.repeat(500)}`;
    for (const text of [towering, '𝕏\u0301'.repeat(1).padEnd(900, '\u0302')]) {
      const kept = shortened(text, 200, characters);
      expect([kept.isWellFormed(), kept.length > 0, characters(kept) <= 200]).toEqual([true, true, true]);
    }
  });
});
