import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { password } from '../../contracts/user.ts';
import { expectGoodPassword, weaknessOf } from './new-password.ts';

const ALICE = { name: 'Alice Moreau', email: 'a.moreau@example.org' };

describe('a new password', () => {
  it.each(['correct horse battery', 'Tr0ub4dor&3 and so on', 'пароль из слов', '正しい馬の電池の留め金', '          x1y2', 'malice is a word'])(
    'may be %j',
    (good) => {
      expect(password.safeParse(good).success).toBe(true);
      expect(weaknessOf(good, { name: 'Ali Only', email: 'al@example.org' })).toBeNull();
    },
  );

  it.each([
    ['qwertyuiop', 'most common'],
    ['QWERTYUIOP', 'most common'],
    ['ｑｗｅｒｔｙｕｉｏｐ', 'most common'],
    ['qwerty uiop', 'most common'],
    ['aaaaaaaaaaaa', 'more than one character'],
    ['aAaAaAaAaAaA', 'more than one character'],
    [' '.repeat(12), 'more than one character'],
    ['\u200b'.repeat(12), 'more than one character'],
    [`${'\u3164'.repeat(12)}x`, 'more than one character'],
    ['TaskLedger 2026', 'product'],
    ['task ledger 2026', 'product'],
    ['xx alice xx 12', 'your name'],
    ['Moreau-12345', 'your name'],
    ['ALICEMOREAU1', 'your name'],
    ['a.moreau@example.org', 'your name'],
  ])('may not be %j', (weak, reason) => {
    expect(weaknessOf(weak, ALICE)).toContain(reason);
  });

  it('may not be the own address, however short what stands before its @ is', () => {
    for (const weak of ['zed@example.org', 'Zed@Example.org', 'my zed@example.org'])
      expect(weaknessOf(weak, { name: 'Zed', email: 'zed@example.org' })).toContain('your name');
  });

  it.each([
    ['maxottmaxott', { name: 'Max Ott' }],
    ['Max-Ott-2026!', { name: 'Max Ott' }],
    ['bob bob bob 12', { name: 'Bob' }],
    ['王小明王小明王小明王小明1', { name: '王小明' }],
    ['山田さんの長い合言葉', { name: '山田 太郎' }],
    ['al\u200bice12345', { name: 'Alice' }],
    ['alice 12345 and', { name: 'Al\u200bice' }],
    ['ed.1ed.1ed.1', { name: 'Edward', email: 'ed.1@example.org' }],
  ])('may not be %j: a short name, or one that is broken by what nobody sees, is a name, too', (weak, owner) => {
    expect(weaknessOf(weak, owner)).toContain('your name');
  });

  it.each([
    ['cannot be guessed', { name: 'Ann' }],
    ['correct horse battery', { name: 'Thor' }],
    ['strong and so on', { name: 'Ron', email: 'on@example.org' }],
    ['明日の天気は晴れです', { name: '明' }],
    ['whoever it may be', { name: '', email: '' }],
  ])('may be %j, in whose words a short name happens to be', (good, owner) => expect(weaknessOf(good, owner)).toBeNull());

  it('is refused with the place where the body has it', () => {
    expect(() => expectGoodPassword('qwertyuiop', ALICE, '/new')).toThrowError(
      expect.objectContaining({ code: 'invalid', errors: [{ pointer: '/new', detail: expect.any(String) }] }),
    );
  });

  it('that the list has is refused in each writing of its letters', () => {
    const list = readFileSync(new URL('common-passwords.txt', import.meta.url), 'utf8')
      .split('\n')
      .filter(Boolean);
    expect(list).toHaveLength(3_000);
    expect(list.filter((one) => [...one].length < 10)).toEqual([]);
    fc.assert(
      fc.property(fc.constantFrom(...list), fc.infiniteStream(fc.boolean()), (one, upper) => {
        const written = [...one].map((letter) => (upper.next().value ? letter.toUpperCase() : letter)).join('');
        // Some letters of other scripts have no way back.
        fc.pre(written.toLowerCase() === one);
        expect(weaknessOf(written)).not.toBeNull();
      }),
    );
  });

  it.each([
    ['too short once its form is normal', 'ﬀ'.repeat(4), false],
    ['ten characters beyond the first plane', `${'𝔘'.repeat(9)}x`, true],
    ['nine of them', '😀'.repeat(9), false],
    ['a lone surrogate', `correct horse \ud800`, false],
    ['201 characters', `${'ab'.repeat(100)}c`, false],
    ['200 characters', 'ab'.repeat(100), true],
    ['200 of which the normal form has more', 'ﷺ'.repeat(100), false],
  ])('of %s: its length is that of the normal form', (_, text, good) => {
    expect(password.safeParse(text).success).toBe(good);
  });
});
