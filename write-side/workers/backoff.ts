/** Milliseconds between two attempts; the last one also between all later ones. Five attempts outlast eleven minutes. */
const WAITS = [1_000, 10_000, 60_000, 600_000];

/** Milliseconds until the attempt after this one: 1 s, 10 s, 1 min, 10 min, each up to a fifth more or less, so that a crowd does not come back at once. */
export function backoff(attempt: number, random: number): number {
  const wait = WAITS[Math.min(attempt, WAITS.length) - 1] ?? 0;
  return Math.round(wait * (0.8 + 0.4 * random));
}
