/** Milliseconds by which the clocks of two machines with NTP may differ: dispatcher and worker may run on two. */
const CLOCKS = 100;

/** True where an attempt may be made: its time (ISO 8601; null: at once) has come, or is at most CLOCKS away. */
export function isDue(nextAttemptAt: string | null, now: string): boolean {
  return nextAttemptAt === null || Date.parse(nextAttemptAt) - Date.parse(now) <= CLOCKS;
}
