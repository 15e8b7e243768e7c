import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { email, emailOnRecord, emailProblem, normaliseEmail, storedEmail } from './email.ts';

const taken = (address: string) => email.safeParse(address).success;
const octets = (text: string) => new TextEncoder().encode(text).length;

const ATEXT = [..."abcXYZ019!#$%&'*+/=?^_`{|}~-"];
const atom = (...more: string[]) => fc.string({ unit: fc.constantFrom(...ATEXT, ...more), minLength: 1, maxLength: 6 });
const dotAtom = (...more: string[]) => fc.array(atom(...more), { minLength: 1, maxLength: 3 }).map((atoms) => atoms.join('.'));
/** Labels in Unicode with their A-labels. */
const LABELS = [
  ['example', 'example'],
  ['EXAMPLE', 'example'],
  ['a', 'a'],
  ['r3---sn-4g5e', 'r3---sn-4g5e'],
  ['bücher', 'xn--bcher-kva'],
  ['BÜCHER', 'xn--bcher-kva'],
  ['bücher'.normalize('NFD'), 'xn--bcher-kva'],
  ['faß', 'xn--fa-hia'],
  ['例え', 'xn--r8jz45g'],
  ['ｅｘ', 'ex'],
  ['почта', 'xn--80a1acny'],
] as const;
const TOP_LEVEL = [
  ['org', 'org'],
  ['Museum', 'museum'],
  ['рф', 'xn--p1ai'],
  ['テスト', 'xn--zckzah'],
  ['xn--p1ai', 'xn--p1ai'],
] as const;
/** Domains as [written, in A-labels]. */
const domain = fc
  .tuple(fc.array(fc.constantFrom(...LABELS), { minLength: 1, maxLength: 3 }), fc.constantFrom(...TOP_LEVEL), fc.constantFrom('.', '。'))
  .map(([labels, top, dot]) => {
    const all = [...labels, top];
    const written = all.map(([label]) => label);
    // An ideographic full stop is one between labels that a URL maps at all.
    return [written.join(/[^\0-\x7f]/.test(written.join('')) ? dot : '.'), all.map(([, label]) => label).join('.')] as const;
  });

describe('an address', () => {
  it('is any dot-atom at any domain, in Unicode or in A-labels, and is stored in A-labels', () =>
    fc.assert(
      fc.property(dotAtom(), domain, (local, [written, ascii]) => {
        expect(email.parse(`${local}@${written}`)).toBe(`${local}@${ascii}`);
        expect(email.parse(`${local}@${ascii.toUpperCase()}`)).toBe(`${local}@${ascii}`);
      }),
    ));

  it('has a local part beyond ASCII, too, stored in NFC', () =>
    fc.assert(
      fc.property(dotAtom('é', 'ü', 'я', '例', '𝕏'), domain, (local, [written, ascii]) => {
        for (const form of ['NFC', 'NFD'] as const)
          expect(email.parse(`${local.normalize(form)}@${written}`)).toBe(`${local.normalize('NFC')}@${ascii}`);
      }),
    ));

  it.each(['ann&bob@example.org', 'o/u=staff/c=de@example.org', "o'neill@example.org", '{|}~@example.org', '$A12345@example.org', '_@a.de', 'a@b.c'])(
    'is %s',
    (address) => expect(email.parse(address)).toBe(address),
  );

  it('is whatever a generator of addresses says', () =>
    fc.assert(
      fc.property(fc.emailAddress(), (address) => {
        expect(emailProblem(address)).toBeUndefined();
      }),
    ));

  it.each([
    ['', 'nothing'],
    ['anna', 'no @'],
    ['@example.org', 'no local part'],
    ['anna@', 'no domain'],
    ['.anna@example.org', 'a dot first'],
    ['anna.@example.org', 'a dot last'],
    ['an..na@example.org', 'two dots'],
    ['an na@example.org', 'a blank'],
    ['an\u00a0na@example.org', 'a blank that does not break'],
    ['"an na"@example.org', 'a quoted string'],
    ['anna(x)@example.org', 'a comment'],
    ['anna@bob@example.org', 'two @'],
    ['anna＠bob@example.org', 'what is an @ when it is compared'],
    ['an\u202ena@example.org', 'a sign that turns the text round'],
    ['\u3164@example.org', 'a sign that nobody sees'],
    ['\u200d\u200c@example.org', 'joiners of nothing'],
    ['an\u0000na@example.org', 'NUL'],
    ['an\ud800na@example.org', 'half a sign'],
    ['anna@example', 'one label'],
    ['anna@example.org.', 'a dot after the domain'],
    ['anna@example..org', 'an empty label'],
    ['anna@example-.org', 'a label that ends with a hyphen'],
    ['anna@-example.org', 'a label that begins with a hyphen'],
    ['anna@bücher-.org', 'such a label in Unicode'],
    ['anna@exam_ple.org', 'a low line in the domain'],
    ['anna@127.0.0.1', 'a number'],
    ['anna@0x7f.1', 'a number that a URL reads as an address'],
    ['anna@[127.0.0.1]', 'an address literal'],
    ['anna@bücher.org:80', 'a port'],
    ['anna@bücher.org/x', 'a path'],
    ['anna@bücher／x.org', 'a path in wide signs'],
    ['anna@%62ücher.org', 'an escape'],
    ['anna@bü\u202echer.org', 'a domain with a sign that turns the text round'],
    [' anna@example.org', 'a blank before it'],
    [`${'x'.repeat(65)}@example.org`, '65 bytes before the @'],
    [`${'é'.repeat(33)}@example.org`, '66 bytes before the @'],
    [`anna@${'x'.repeat(64)}.org`, 'a label of 64'],
    [`anna@${'ü'.repeat(60)}.org`, 'a label of more than 63 in its A-label'],
    [`anna@${'x.'.repeat(124)}org`, '255 bytes and more'],
  ])('is not %s: %s', (address) => expect(taken(address)).toBe(false));

  it('has up to 64 bytes before the @, labels of up to 63, and up to 254 bytes in all', () => {
    const local = 'x'.repeat(64);
    const most = `${local}@${`${'y'.repeat(63)}.`.repeat(2)}${'z'.repeat(57)}.org`;
    expect([octets(most), taken(most), taken(most.replace('z', 'zz'))]).toEqual([254, true, false]);
    expect(emailProblem(`${local}x@example.org`)).toBe('must have at most 64 bytes before the @');
    expect(emailProblem(most.replace('z', 'zz'))).toBe('must be at most 254 bytes long');
  });

  it('whatever the text, one that is taken keeps to the limits and stays as it is from then on', () =>
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.tuple(fc.string({ unit: 'grapheme' }), domain).map(([local, [written]]) => `${local}@${written}`),
        ),
        (text) => {
          if (!taken(text)) return;
          const stored = email.parse(text);
          const at = stored.lastIndexOf('@');
          expect(stored.slice(at + 1)).toMatch(/^[a-z\d]([a-z\d.-]*[a-z\d])$/);
          expect([octets(stored.slice(0, at)) <= 64, octets(stored) <= 254]).toEqual([true, true]);
          expect(email.parse(stored)).toBe(stored);
          expect(emailOnRecord.parse(stored)).toBe(stored);
        },
      ),
      { numRuns: 1_000 },
    ));
});

describe('the form in which addresses are compared', () => {
  it('is the same however an address is written, and once more', () =>
    fc.assert(
      fc.property(dotAtom('é', 'я', 'ﬁ', 'Å', 'İ'), domain, (local, [written, ascii]) => {
        const form = normaliseEmail(`${local}@${written}`);
        for (const other of [
          `${local}@${ascii}`,
          `${local.normalize('NFD')}@${written.normalize('NFD')}`,
          `${local.normalize('NFKC')}@${ascii}`,
          storedEmail(`${local}@${written}`),
        ])
          expect(normaliseEmail(other)).toBe(form);
        expect(normaliseEmail(form)).toBe(form);
      }),
    ));

  it('is that of earlier releases for every address that they took, which is still good on record', () => {
    const earlier = (address: string) => address.normalize('NFKC').trim().toLowerCase();
    fc.assert(
      fc.property(fc.stringMatching(z.regexes.email), (address) => {
        expect(normaliseEmail(address)).toBe(earlier(address));
        if (octets(address) <= 254) expect(emailOnRecord.parse(address)).toBe(address);
      }),
      { numRuns: 1_000 },
    );
  });
});
