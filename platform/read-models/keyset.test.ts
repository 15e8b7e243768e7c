import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { endOfPrefix, stretches } from './keyset.ts';

const compare = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 4 }),
  fc.constantFrom('\ud7ff', 'a\u{10ffff}', '\u{10ffff}\u{10ffff}', '\u007f', '\u07ff', '\uffff'),
);

describe('the end of a prefix', () => {
  test('is above every text with the prefix, and above nothing else that the prefix is not above', () => {
    const property = fc.property(text, text, (prefix, other) => {
      const end = endOfPrefix(prefix);
      const between = compare(other, prefix) >= 0 && (end === null || compare(other, end) < 0);
      expect(between).toBe(other.startsWith(prefix));
      expect(end === null || compare(`${prefix}${other}`, end) < 0).toBe(true);
    });
    fc.assert(property, { numRuns: 1_000 });
  });

  test.each([
    ['', null],
    ['ab', 'ac'],
    ['a\u{10ffff}', 'b'],
    ['\u{10ffff}', null],
    ['\ud7ff', '\ue000'],
  ])('of %j is %j', (prefix, end) => {
    expect(endOfPrefix(prefix)).toBe(end);
  });
});

describe('the page after a document', () => {
  test('is one query without bounds where there is no such document', () => {
    expect(stretches({ where: [], sort: [{ field: 'a', descending: true }], limit: 1 })).toEqual([[]]);
  });

  test('is asked for from the nearest documents to the farthest', () => {
    const sort = [
      { field: 'a', descending: true },
      { field: 'b', descending: false },
    ];
    expect(stretches({ where: [], sort, limit: 1, after: { values: [5, null], id: 'x' } })).toEqual([
      [
        { field: 'a', is: 'same', value: 5 },
        { field: 'b', is: 'same', value: null },
        { field: null, is: 'after', value: 'x', descending: false },
      ],
      [
        { field: 'a', is: 'same', value: 5 },
        { field: 'b', is: 'not null' },
      ],
      [{ field: 'a', is: 'after', value: 5, descending: true }],
      [{ field: 'a', is: 'same', value: null }],
    ]);
  });
});
