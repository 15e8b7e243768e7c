import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { initial, type NotificationState } from '../../../write-side/deciders/notification.ts';
import { isAbout, isCutAnew, type ReportForm } from './report-form.ts';
import { signatureOf } from './signature.ts';

const SID = `SM${'0123456789abcdef'.repeat(2)}`;
const PHONE = '+4915112345678';
const STATE: NotificationState = {
  ...initial,
  exists: true,
  channel: 'sms',
  recipient: { phone: PHONE },
  status: 'sent',
  attempts: 1,
  providerId: SID,
};

/** Reports as a provider makes them. */
const reports = fc.record(
  {
    AccountSid: fc.constant('AC0123456789abcdef0123456789abcdef'),
    ApiVersion: fc.constant('2010-04-01'),
    ErrorCode: fc.constantFrom('30003', '0', '21610'),
    ErrorMessage: fc.constantFrom('Unreachable', 'To or From is wrong'),
    From: fc.constantFrom('+15005550006', 'taskledger', '12345'),
    MessageSid: fc.constant(SID),
    MessageStatus: fc.constantFrom('sent', 'delivered', 'undelivered', 'failed', 'read'),
    SmsSid: fc.constant(SID),
    To: fc.constant(PHONE),
  },
  { requiredKeys: ['AccountSid', 'MessageSid', 'MessageStatus', 'To'] },
) as fc.Arbitrary<Record<string, string>>;

const inOrder = (form: ReportForm) => Object.keys(form).sort();
const lengths = (form: ReportForm) => inOrder(form).flatMap((name) => [name.length, form[name]?.length ?? 0]);

/** Other fields with the same text in a row: some cuts are moved, and some fields swallowed. Null where they are not in order. */
function cutAnew(form: ReportForm, moves: readonly (readonly [cut: number, by: number])[], swallowed: readonly number[]): ReportForm | null {
  const text = inOrder(form)
    .map((name) => name + form[name])
    .join('');
  const cuts = [0];
  for (const length of lengths(form)) cuts.push((cuts.at(-1) ?? 0) + length);
  for (const [cut, by] of moves) {
    const at = 1 + (cut % (cuts.length - 2));
    cuts[at] = (cuts[at] ?? 0) + by;
  }
  // The cuts before and after a name, which then belongs to the value before it.
  for (const one of swallowed) if (cuts.length > 5) cuts.splice(2 + 2 * (one % ((cuts.length - 3) / 2)), 2);
  if (cuts.some((cut, index) => cut < (cuts[index - 1] ?? 0))) return null;
  const pieces = cuts.slice(1).map((cut, index) => text.slice(cuts[index], cut));
  const fields = pieces.flatMap((piece, index): [string, string][] => (index % 2 === 0 ? [[piece, pieces[index + 1] ?? '']] : []));
  const other = Object.fromEntries(fields);
  const isSigned = Object.keys(other).length === fields.length && signatureOf('', other, '') === signatureOf('', form, '');
  return isSigned ? other : null;
}

const anyMove = fc.tuple(fc.nat(30), fc.integer({ min: -12, max: 12 }));
const said = (form: ReportForm) => [form.MessageStatus, form.MessageSid, form.To, form.ErrorCode, form.AccountSid];

it('a report as it was signed is none that was cut anew, and is about what was sent', () =>
  fc.assert(
    fc.property(reports, (form) => {
      expect([isCutAnew(form), isAbout(form, STATE, 1)]).toEqual([false, true]);
    }),
  ));

it('one that was cut anew under the same signature is refused, or says nothing else', () => {
  let cuts = 0;
  fc.assert(
    fc.property(reports, fc.array(anyMove, { maxLength: 2 }), fc.array(fc.nat(10), { maxLength: 2 }), (form, moves, swallowed) => {
      const other = cutAnew(form, moves, swallowed);
      if (!other || JSON.stringify(said(other)) === JSON.stringify(said(form))) return;
      cuts++;
      expect([other, isCutAnew(other) || !isAbout(other, STATE, 1)]).toEqual([other, true]);
    }),
    { numRuns: 20_000 },
  );
  expect(cuts).toBeGreaterThan(100);
});
