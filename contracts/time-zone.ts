/** Time zones by their IANA names. */
import { z } from 'zod';

/** True for the name of a time zone, as `Europe/Berlin`; and for an offset, as `+02:00`. */
export function isTimeZone(name: string): boolean {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: name }));
  } catch {
    return false;
  }
}

/** The time zone of a place, as somebody sends it. An offset is none: it has no summer time. */
export const timeZoneAsSent = z
  .string()
  .refine((name) => name.length <= 100 && /^[a-z]/i.test(name) && isTimeZone(name), 'must be the name of a time zone, as Europe/Berlin');
