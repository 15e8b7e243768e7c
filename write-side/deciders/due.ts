/** Milliseconds by which the clocks of two machines with NTP may differ: dispatcher and worker may run on two. */
const CLOCKS = 100;

/**
 * True where an attempt may be made: its time (ISO 8601; null: at once) has come, or is at most CLOCKS away; or who offers the item has waited for
 * that very time, by a clock that nobody sets (`waited`).
 */
export function isDue(nextAttemptAt: string | null, now: string, waited?: string): boolean {
  return nextAttemptAt === null || nextAttemptAt === waited || Date.parse(nextAttemptAt) - Date.parse(now) <= CLOCKS;
}

/**
 * True where a lease is over: who offers the item has waited for that very end, by a clock that nobody sets (`waited`). Only for an offer that tells
 * of no wait, as those of older releases, the time of day counts.
 */
export function isOver({ until }: { until: string }, now: string, waited?: string): boolean {
  return waited === undefined ? until <= now : waited === until;
}
