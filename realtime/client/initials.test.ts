import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { initials } from './initials.ts';

it.each([
  ['Anna Lindqvist', 'AL'],
  ['anna', 'A'],
  ['Anna Maria von Berg', 'AB'],
  ['(Bob) "Smith"', 'BS'],
  ['Dr. 7 Oak', 'DO'],
  ['🦊 Fox', 'F'],
  ['Zoë 2', 'Z'],
  ['E\u0301milie Zola', 'E\u0301Z'],
  ['नमस्ते शर्मा', 'नश'],
  ['ßen', 'ß'],
  ['山田 太郎', '山太'],
  ['👨‍👩‍👧 👍', '👨‍👩‍👧'],
  ['42', '4'],
  ['', ''],
])('of %j are %j', (name, expected) => expect(initials(name)).toBe(expected));

it('are at most two signs, each of the name, whatever it is', () => {
  const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (name) => {
      const signs = [...graphemes.segment(initials(name))];
      expect(signs.length).toBeLessThanOrEqual(2);
      for (const { segment } of signs) expect(name.toUpperCase()).toContain(segment.toUpperCase());
    }),
  );
});
