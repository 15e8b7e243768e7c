/** Query parameters that several lists have. */
import { z } from 'zod';
import { queryNumber } from '../../platform/http/query-schemas.ts';

/** The most items of a page: from 1 to `most`. */
export function limit(byDefault: number, most = 100) {
  return queryNumber(1, most)
    .default(byDefault)
    .meta({ description: `At most so many items: 1 to ${most}, ${byDefault} if nothing is said.` });
}

export const cursor = z
  .string('must be given once')
  .max(4_000)
  .optional()
  .meta({ description: 'Where the page begins: from the `next` of the page before.' });

/** The words to search for. */
export const search = z
  .string('must be given once')
  .max(200, 'must have at most 200 characters')
  .optional()
  .meta({ description: 'Words; each must be the beginning of a word there.' });

/** One value of the list, or several, with commas between. */
export function oneOrMore<const T extends readonly [string, ...string[]]>(values: T, description: string) {
  return z
    .string(`must be one of ${values.join(', ')}, or several separated by commas`)
    .transform((text) => [...new Set(text.split(','))])
    .pipe(z.array(z.enum(values, `must be one of ${values.join(', ')}, or several separated by commas`)))
    .optional()
    .meta({ description });
}

/** A parameter that is given without a value, or as `true`; `false` means the same as leaving it out. */
export function flag(description: string) {
  return z
    .enum(['', 'true', 'false'], 'is given without a value, or as true or false')
    .transform((text) => text !== 'false')
    .optional()
    .meta({ description });
}

/** Labels, all of which what is found must have. */
export function labelsAsked(description: string) {
  return z
    .union([z.string(), z.array(z.string())])
    .transform((given) => {
      const list = (Array.isArray(given) ? given : [given]).flatMap((text) => text.split(',')).map((text) => text.trim());
      return [...new Set(list.filter(Boolean))];
    })
    .pipe(z.array(z.string()).min(1, 'must not be empty').max(20, 'at most 20 labels'))
    .optional()
    .meta({ description });
}
