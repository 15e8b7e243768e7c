import { expect, it } from 'vitest';
import { fullTime, roomInWords, shortDay, timeWithDay } from './words.ts';

it('how much room is left is said of a text that is nearly too long, and how much is too much of one that is', () => {
  expect(['', 'x'.repeat(180), 'x'.repeat(181), 'x'.repeat(200), '😀'.repeat(200)].map((text) => roomInWords(text, 200))).toEqual([
    '',
    '',
    '181 of 200 characters.',
    ...Array.from({ length: 2 }, () => '200 of 200 characters.'),
  ]);
  expect(roomInWords('x'.repeat(203), 200)).toBe('203 of 200 characters: 3 too many. Shorten it; nothing was cut.');
  expect(roomInWords(`${'x'.repeat(200)} \n`, 200)).toBe('202 of 200 characters: 2 too many. Shorten it; nothing was cut.');
});

it('a time is told with the distance of its day where that is near, and a date is not told twice', () => {
  const now = new Date(2027, 0, 10, 12);
  const [tomorrow, later] = [new Date(2027, 0, 11, 9).toISOString(), new Date(2027, 5, 1, 9).toISOString()];
  expect([timeWithDay(tomorrow, now), shortDay(tomorrow, now)]).toEqual([`${fullTime(tomorrow)} (tomorrow)`, 'tomorrow']);
  expect(timeWithDay(later, now)).toBe(fullTime(later));
});
