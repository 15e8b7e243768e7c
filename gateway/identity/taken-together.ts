/** Points of several limits, which are taken together: where one of them refuses, those before it are given back, so that a refusal costs nothing. */
import type { LimitName, Limits } from '../../platform/http/limits/limits.ts';

/** Takes a point from each limit by its key, in this order. Error: ProblemError `limited` where one refuses; then none has lost a point. */
export async function takeTogether(limits: Limits, wanted: readonly (readonly [name: LimitName, key: string])[]): Promise<void> {
  const taken: (readonly [LimitName, string])[] = [];
  try {
    for (const [name, key] of wanted) {
      await limits.consume(name, key);
      taken.push([name, key]);
    }
  } catch (error) {
    for (const [name, key] of taken) await limits.refund(name, key);
    throw error;
  }
}

/** The limits of mails with a link by a key: of the hour before that of the day. */
export function linkMails(key: string): readonly (readonly [LimitName, string])[] {
  return [
    ['link-mails', key],
    ['link-mails-day', key],
  ];
}
