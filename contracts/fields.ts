/** Building blocks of the contracts' schemas. */
import { z } from 'zod';

/** The length in characters (Unicode code points), as JSON Schema counts it. */
export function characters(text: string): number {
  let n = 0;
  for (const _ of text) n++;
  return n;
}

/** One line of text, trimmed: no control characters, `min`–`max` characters. Of what is sent now: `typedLine`. */
export function line(min: number, max: number) {
  return oneLineIn(z.string(), min, max);
}

/** `text` as one line, as `line` says it. */
export function oneLineIn(text: z.ZodString, min: number, max: number) {
  return text
    .trim()
    .refine((text) => characters(text) >= min && characters(text) <= max, `must have ${min} to ${max} characters`)
    .refine((text) => text.isWellFormed() && !/\p{Cc}/u.test(text), 'must be one line of text without control characters')
    .meta({ minLength: min, maxLength: max });
}

/** Text of several lines, at most `max` characters. Of what is sent now: `typedProse`. */
export function prose(min: number, max: number) {
  return z
    .string()
    .refine((text) => characters(text) >= min && characters(text) <= max, `must have ${min} to ${max} characters`)
    .refine((text) => min === 0 || text.trim() !== '', 'must not be blank')
    .refine((text) => text.isWellFormed() && !text.includes('\0'), 'must be well-formed Unicode without NUL')
    .meta({ minLength: min, maxLength: max });
}

/** True for a UUID (RFC 9562) as it is kept: in lower case. */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A UUID (RFC 9562), kept in lower case. */
export const id = z.guid('must be a UUID').toLowerCase();

/** An instant as RFC 3339 with an offset. In UTC, too, its year has four digits, so that stored instants (UTC, milliseconds) compare as text. */
export const instant = z.iso
  .datetime({ offset: true, error: 'must be RFC 3339 with an offset, like 2027-01-31T17:00:00Z' })
  .refine(hasFourDigits, 'must be between the years 0000 and 9999 in UTC');

/** A phone number as ITU-T E.164 writes it: + and 7 to 15 digits, without spaces. */
export const phone = z.string().regex(/^\+[1-9]\d{6,14}$/, 'must be a phone number in E.164 form, like +4915112345678');

/** What people put between the digits of a phone number, and what address books put around it: blanks, dashes, dots, slashes, invisible marks. */
const BETWEEN_DIGITS = /[\s\p{Pd}\p{Cf}\u2212./]/gu;

/**
 * A phone number as somebody types it, as E.164 writes it: without what stands between digits, with + for 00, and without a 0 in brackets after the
 * country, which is dialled within it alone.
 */
export function e164(text: string): string {
  const digits = text
    .normalize('NFKC')
    .replace(BETWEEN_DIGITS, '')
    .replace(/^\(?00/, '+');
  return digits.replace(/^(\(?\+\d+\)?)\(0\)/, '$1').replace(/[()]/g, '');
}

/** A phone number of which enough is left for its owner to know it: `+49…78`. */
export function maskedPhone(number: string): string {
  return `${number.slice(0, 3)}…${number.slice(-2)}`;
}

/** A phone number as somebody types it. */
export const phoneAsTyped = z
  .string()
  .max(40, 'is too long')
  .refine((text) => phone.safeParse(e164(text)).success, 'must be a phone number with its country, like +49 151 1234 5678')
  .meta({ description: 'With its country; blanks, dashes, dots and brackets are left out.' });

const [FIRST, LAST] = [Date.parse('0000-01-01T00:00:00.000Z'), Date.parse('9999-12-31T23:59:59.999Z')];

function hasFourDigits(text: string): boolean {
  const time = Date.parse(text);
  // A text that is no time at all was refused before, with its own message.
  return Number.isNaN(time) || (time >= FIRST && time <= LAST);
}

/** RFC 3339 → ISO 8601 in UTC with milliseconds. */
export function utc(text: string): string {
  return new Date(text).toISOString();
}
