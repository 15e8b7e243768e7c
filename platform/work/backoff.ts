/** Milliseconds between two attempts; the last one also between all later ones. Five attempts outlast eleven minutes. */
const WAITS = [1_000, 10_000, 60_000, 600_000];

/** Milliseconds to wait after attempt 1, 2, …: 1 s, 10 s, 1 min, 10 min, each up to a fifth more or less, so that a crowd does not return at once. */
export function backoff(attempt: number, random: number): number {
  const wait = WAITS[Math.min(attempt, WAITS.length) - 1] ?? 0;
  return Math.round(wait * (0.8 + 0.4 * random));
}

export interface Retrying {
  /** Attempts in all, at most. */
  attempts: number;
  now: Date;
  /** A random number from 0 to 1. */
  random: number;
  /** Milliseconds for which the other side asked not to be tried again. */
  asked?: number;
}

/** The attempts of an item: those begun, those before an operator's last retry, and those since then in which nothing was tried. */
export interface Counted {
  attempts: number;
  forgiven: number;
  uncounted?: number;
}

/** The number of attempts that a limit counts. */
export function countedAttempts({ attempts, forgiven, uncounted = 0 }: Counted): number {
  return attempts - forgiven - uncounted;
}

/** The time of the next attempt after one in which nothing was tried: after `wait` ms, or up to a fifth more (ISO 8601, UTC). */
export function afterUncounted(wait: number, { now, random }: Pick<Retrying, 'now' | 'random'>): string {
  return new Date(now.getTime() + Math.round(wait * (1 + 0.2 * random))).toISOString();
}

/**
 * The time of an item's next attempt after its latest one failed (ISO 8601, UTC); null where that was the last. Never earlier than `asked`, but a
 * little later, so that refused items do not come back all at once.
 */
export function nextAttempt(item: Counted, { attempts, now, random, asked = 0 }: Retrying): string | null {
  const counted = countedAttempts(item);
  if (counted >= attempts) return null;
  const wait = Math.max(backoff(counted, random), Math.round(asked * (1 + 0.2 * random)));
  return new Date(now.getTime() + wait).toISOString();
}
