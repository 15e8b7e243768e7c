import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sortKey, words } from './words.ts';

describe('words of a text', () => {
  it('are runs of letters and digits, in lower case, each once', () => {
    expect(words('The lamp, the LAMP (2nd floor)!')).toEqual(['the', 'lamp', '2nd', 'floor']);
  });
  it('are alike however they were typed', () => {
    expect(words('ﬁre Ｅxit caf\u0065\u0301')).toEqual(words('FIRE exit CAFÉ'));
  });
  it('keep the marks of scripts that write vowels with them', () => {
    expect(words('हिन्दी में')).toEqual(['हिन्दी', 'में']);
  });
  it('are cut where they are too long, in documents and in questions alike', () => {
    expect(words('a'.repeat(80))).toEqual(['a'.repeat(50)]);
  });
  it('are the same when they are taken again, and well-formed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
        const once = words(text);
        expect(words(once.join(' '))).toEqual(once);
        expect(once.every((word) => word.isWellFormed())).toBe(true);
      }),
    );
  });
});

describe('the key a text is sorted by', () => {
  it('has no case and no accents', () => {
    expect(['Zoo', 'émile', 'Apfel', 'École'].sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1))).toEqual(['Apfel', 'École', 'émile', 'Zoo']);
  });
});
