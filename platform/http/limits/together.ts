/** Points of several limits, which are taken together: where one of them refuses, those before it are given back, so that a refusal costs nothing. */
import type { LimitName, Limits } from './limits.ts';

/** Points of a limit. */
export interface LimitPoints {
  name: LimitName;
  key: string;
  /** Default 1. */
  cost?: number;
  /** The number of this key, where it has another one than the limit's own. */
  points?: number;
}

/** A point of a limit of the hour before one of the same of the day, by a key. */
export function hourAndDay(name: 'link-mails' | 'sms-codes', key: string): LimitPoints[] {
  return [
    { name, key },
    { name: `${name}-day`, key },
  ];
}

/** Takes from each limit, in this order; answers the headers that tell of the last one, none where nothing is wanted. Errors: ProblemError `limited` where one refuses, and what a limit rejects with; then none has lost a point. */
export async function takeTogether(limits: Pick<Limits, 'consume' | 'refund'>, wanted: readonly LimitPoints[]): Promise<Record<string, string>> {
  const taken: LimitPoints[] = [];
  let headers: Record<string, string> = {};
  try {
    for (const one of wanted) {
      headers = await limits.consume(one.name, one.key, one.cost, one.points);
      taken.push(one);
    }
    return headers;
  } catch (error) {
    await giveBackTogether(limits, taken);
    throw error;
  }
}

/** Gives back what was taken together. */
export async function giveBackTogether(limits: Pick<Limits, 'refund'>, taken: readonly LimitPoints[]): Promise<void> {
  for (const { name, key, cost, points } of taken) await limits.refund(name, key, cost, points);
}
