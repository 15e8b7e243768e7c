/** Milliseconds by which the clocks of two machines that keep them by NTP may differ: who offers and who works may be two. */
const CLOCKS = 100;

/** Whether an attempt may be made: its time (ISO 8601; null: at once) has come, or is as near as clocks are apart. */
export function isDue(nextAttemptAt: string | null, now: string): boolean {
  return nextAttemptAt === null || Date.parse(nextAttemptAt) - Date.parse(now) <= CLOCKS;
}
