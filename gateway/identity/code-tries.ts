/** The limit of tries of one-time codes: those that are good for nothing count, by network. A code that is good is never refused for others' tries. */
import { type Limits, networkOf } from '../../platform/http/limits/limits.ts';

/** Resolves to what a code is good for, or null, which counts as a try. Errors: ProblemError `limited` for a code that is good for nothing, and those of `find`. */
export async function triedCode<Found>(limits: Limits, ip: string, find: () => Promise<Found | null>): Promise<Found | null> {
  const found = await find();
  if (found === null) await limits.consume('code-tries', networkOf(ip));
  return found;
}
