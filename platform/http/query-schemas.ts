/** What queries have in common. */
import { z } from 'zod';

/** The schema of a query that is not looked at: others (a tracker, a cache, a probe) put theirs behind the address of a page or a file. */
export const ANY_QUERY = z.looseObject({});

/** The schema of a whole number in a query, from `least` to `most`, in digits alone: `1e3`, `0x10`, `+5` and ` 5` are none. */
export function queryNumber(least: number, most: number) {
  const detail = `must be a whole number from ${least} to ${most}`;
  return z
    .string(detail)
    .regex(/^\d{1,16}$/, detail)
    .transform(Number)
    .refine((count) => count >= least && count <= most, detail);
}
