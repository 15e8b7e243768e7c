/** The limit of tries of one-time codes: those that are good for nothing count, by network. */
import { type Limits, networkOf } from '../../platform/http/limits/limits.ts';

/** Resolves to what a code is good for, or null, which counts as a try. Errors: ProblemError `limited`, and those of `find`. */
export async function triedCode<Found>(limits: Limits, ip: string, find: () => Promise<Found | null>): Promise<Found | null> {
  const network = networkOf(ip);
  await limits.consume('code-tries', network);
  const found = await find();
  if (found !== null) await limits.refund('code-tries', network);
  return found;
}
