import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isTimeZone } from '../../contracts/time-zone.ts';
import { daysIn } from './local-days.ts';

it.each([
  ['UTC', '2026-11-30T12:00:00.000Z', 0, '2026-11-30T00:00:00.000Z'],
  ['Europe/Berlin', '2026-11-30T22:59:59.000Z', 1, '2026-11-30T23:00:00.000Z'],
  ['Europe/Berlin', '2026-11-30T23:00:00.000Z', 1, '2026-12-01T23:00:00.000Z'],
  // A day of 23 hours, and one of 25.
  ['Europe/Berlin', '2026-03-29T10:00:00.000Z', 1, '2026-03-29T22:00:00.000Z'],
  ['Europe/Berlin', '2026-10-25T10:00:00.000Z', 1, '2026-10-25T23:00:00.000Z'],
  ['Pacific/Kiritimati', '2026-11-30T12:00:00.000Z', 0, '2026-11-30T10:00:00.000Z'],
  ['Pacific/Niue', '2026-11-30T12:00:00.000Z', 0, '2026-11-30T11:00:00.000Z'],
  ['Asia/Kathmandu', '2026-11-30T12:00:00.000Z', 0, '2026-11-29T18:15:00.000Z'],
  // There was no midnight: the day began at one o'clock.
  ['Africa/Cairo', '2026-04-24T10:00:00.000Z', 0, '2026-04-23T22:00:00.000Z'],
])('in %s at %s the day %i later begins at %s', (zone, now, after, beginning) => {
  expect(daysIn(zone, now)(after)).toBe(beginning);
});

it('each day begins in that day, and a minute before it is the day before, in every zone and at every time', () => {
  const zones = Intl.supportedValuesOf('timeZone');
  const time = fc.integer({ min: Date.parse('2020-01-01T00:00:00Z'), max: Date.parse('2040-01-01T00:00:00Z') });
  fc.assert(
    fc.property(fc.constantFrom(...zones), time, (zone, at) => {
      const now = new Date(at).toISOString();
      const dayOfZone = (instant: string | number) =>
        new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(new Date(instant));
      const beginning = daysIn(zone, now);
      expect(beginning(0) <= now && now < beginning(1)).toBe(true);
      expect(dayOfZone(beginning(0))).toBe(dayOfZone(now));
      expect(dayOfZone(Date.parse(beginning(0)) - 60_000)).not.toBe(dayOfZone(now));
    }),
    { numRuns: 60 },
  );
});

it('knows time zones by their names, and nothing else', () => {
  for (const name of ['UTC', 'Europe/Berlin', 'america/new_york']) expect(isTimeZone(name), name).toBe(true);
  for (const name of ['', 'Mars/Base', 'x'.repeat(90), 'null']) expect(isTimeZone(name), name).toBe(false);
});
