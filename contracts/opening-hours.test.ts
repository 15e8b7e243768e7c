import { describe, expect, it } from 'vitest';
import { holidays, openingHours } from './opening-hours.ts';
import { timeZoneAsSent } from './time-zone.ts';

const on = (day: string, opens: string, closes: string) => ({ day, opens, closes });
const taken = (...hours: object[]) => openingHours.safeParse(hours).success;

describe('opening hours', () => {
  it('are stretches of days that do not overlap', () => {
    expect(taken()).toBe(true);
    expect(taken(on('monday', '08:00', '12:00'), on('monday', '12:00', '24:00'), on('tuesday', '08:00', '12:00'))).toBe(true);
    expect(taken(on('monday', '08:00', '12:00'), on('monday', '11:59', '18:00'))).toBe(false);
    expect(taken(on('monday', '18:00', '08:00'))).toBe(false);
    expect(taken(on('monday', '8:00', '12:00'))).toBe(false);
    expect(taken(on('someday', '08:00', '12:00'))).toBe(false);
  });
  it('have closed days, each once, that are in the calendar', () => {
    expect(holidays.safeParse(['2027-12-25', '2028-02-29']).success).toBe(true);
    expect(holidays.safeParse(['2027-12-25', '2027-12-25']).success).toBe(false);
    expect(holidays.safeParse(['2027-02-29']).success).toBe(false);
  });
  it.each([
    ['Europe/Berlin', true],
    ['Asia/Kathmandu', true],
    ['UTC', true],
    ['+02:00', false],
    ['Mars/Olympus', false],
    ['', false],
  ])('in the time zone %s: %j', (name, isOne) => expect(timeZoneAsSent.safeParse(name).success).toBe(isOne));
});
