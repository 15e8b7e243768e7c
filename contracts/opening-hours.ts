/** When something is open: hours by the day of the week, and the days on which it is closed. Both are in the time zone of the thing. */
import { z } from 'zod';

const DAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;

const timeOfDay = z.string().regex(/^(?:[01]\d:[0-5]\d|2[0-3]:[0-5]\d|24:00)$/, 'must be a time of day from 00:00 to 24:00, like 08:30');

const stretch = z.strictObject({
  day: z.enum(DAYS).describe('The day of the week.'),
  opens: timeOfDay.describe('When it opens, as `08:30`.'),
  closes: timeOfDay.describe('When it closes, as `18:00`; `24:00` is the end of the day.'),
});

/** A stretch of a day of the week in which it is open. */
type Stretch = z.infer<typeof stretch>;

/** The hours of a week: stretches in any order that do not overlap. An empty list says that no hours are kept. */
export const openingHours = z
  .array(stretch)
  .max(28, 'must be at most 28 stretches: four a day')
  .refine((all) => all.every(({ opens, closes }) => opens < closes), 'must open before it closes; hours over midnight are two stretches')
  .refine((all) => !all.some((one, index) => all.slice(index + 1).some((other) => overlap(one, other))), 'must not overlap on a day');

function overlap(one: Stretch, other: Stretch): boolean {
  return one.day === other.day && one.opens < other.closes && other.opens < one.closes;
}

/** Days on which it is closed, each once. */
export const holidays = z
  .array(z.iso.date('must be a day, like 2027-12-25'))
  .max(400, 'must be at most 400 days')
  .refine((days) => new Set(days).size === days.length, 'must name each day once');
