import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { normaliseEmail, storedEmail } from '../contracts/email.ts';
import { emailValue, shownEmail } from './shown-email.ts';

it.each([
  ['anna@xn--bcher-kva.example', 'anna@bücher.example'],
  ['anna@XN--BCHER-KVA.example', 'anna@bücher.example'],
  ['я@xn--80a1acny.xn--p1ai', 'я@почта.рф'],
  ['Anna@Example.ORG', 'Anna@Example.ORG'],
  ['anna@xn--zz--.example', 'anna@xn--zz--.example'],
  ['+4915112345678', '+4915112345678'],
  ['5c1d9a5e-0b57-4e39-9d0e-6a7b8c9d0e02', '5c1d9a5e-0b57-4e39-9d0e-6a7b8c9d0e02'],
])('%s is shown as %s', (stored, shown) => expect(shownEmail(stored)).toBe(shown));

it('whatever is shown is the same address', () =>
  fc.assert(
    fc.property(fc.constantFrom('bücher', 'faß', '例え', 'почта', 'a'), fc.constantFrom('org', 'рф', 'テスト'), (label, top) => {
      const stored = storedEmail(`Anna@${label}.${top}`);
      expect([storedEmail(shownEmail(stored)), shownEmail(stored)]).toEqual([stored, `Anna@${label}.${top}`]);
    }),
  ));

it('has the value that it always had, and knows what a release with domains in Unicode would have reserved', () => {
  expect(emailValue('Anna@Example.org')).toEqual({ kind: 'email', value: 'anna@example.org' });
  expect(emailValue('Anna@BÜCHER.example')).toEqual({
    kind: 'email',
    value: normaliseEmail('anna@xn--bcher-kva.example'),
    before: ['anna@bücher.example'],
  });
});
