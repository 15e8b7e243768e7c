/** Numbers in queries. */
import { z } from 'zod';

/** The schema of a whole number in a query, from `least` to `most`, in digits alone: `1e3`, `0x10`, `+5` and ` 5` are none. */
export function queryNumber(least: number, most: number) {
  const detail = `must be a whole number from ${least} to ${most}`;
  return z
    .string(detail)
    .regex(/^\d{1,16}$/, detail)
    .transform(Number)
    .refine((count) => count >= least && count <= most, detail);
}
