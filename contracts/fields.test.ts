import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { e164, phone, phoneAsTyped } from './fields.ts';

const NUMBER = '+4915112345678';

describe('a phone number as people type it', () => {
  it.each([
    ['+49 151 1234 5678'],
    ['+49-151-1234.5678'],
    ['0049 (151) 1234/5678'],
    ['(0049) 151 12345678'],
    ['(+49) 151 12345678'],
    ['+49 (0) 151 12345678'],
    ['(+49)(0)151 12345678'],
    ['0049(0)151–1234—5678'],
    ['+49\u00a0151\u202f1234\u22125678'],
    // As address books copy it, between marks of direction.
    ['\u202a+49 151 12345678\u202c'],
    ['\u200e+4915112345678\u200b'],
    ['＋４９　１５１　１２３４５６７８'],
  ])('%j is the number', (text) => {
    expect([e164(text), phoneAsTyped.safeParse(text).success]).toEqual([NUMBER, true]);
  });

  it.each([
    '',
    '+',
    '00',
    '0151 12345678',
    '+0 151 1234567',
    '49 151 12345678',
    '+49 151 CALL',
    '+49 151 12345678 ext 5',
    '++4915112345678',
    '\ud800',
  ])('%j is none', (text) => expect(phoneAsTyped.safeParse(text).success).toBe(false));

  it('is the same number however often it is read, and with whatever stands between its digits', () => {
    const digits = fc.stringMatching(/^[1-9]\d{6,14}$/);
    const between = fc.constantFrom('', ' ', '-', '.', '/', '\u00a0', '\u2011', '\u200b');
    fc.assert(
      fc.property(digits, fc.array(between, { minLength: 16, maxLength: 16 }), fc.constantFrom('+', '00'), (number, gaps, prefix) => {
        const typed = prefix + [...number].map((digit, n) => `${gaps[n]}${digit}`).join('');
        expect(e164(typed)).toBe(`+${number}`);
        expect(e164(e164(typed))).toBe(e164(typed));
        expect(phone.safeParse(e164(typed)).success).toBe(true);
      }),
    );
  });
});
