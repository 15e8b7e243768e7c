/** When an undecided item is to be offered, and how that stands to the clocks. */

export interface Due {
  /** The time for which it waits: ISO 8601, UTC. Without `within` a time of day that somebody chose. */
  due: string;
  /**
   * Milliseconds that it had to wait from when that was recorded: 0 for an item that waits for nobody. So long is waited at most, by the monotonic
   * clock: when it was recorded, the clock may have shown another time of day.
   */
  within?: number | undefined;
  /** True where a worker may be at it meanwhile: it is left alone for all of that length, whatever the clock shows. */
  leased?: boolean | undefined;
}

/** The times that the events of items name: until when it is leased or put off, and for how many milliseconds; or the time of day that was asked for. */
interface Named {
  until?: string;
  lease?: number | undefined;
  nextAttemptAt?: string;
  wait?: number | undefined;
  sendAt?: string | undefined;
}

/** The longest lease or pause, in milliseconds, that is believed of an event that names none. */
const LONGEST = 15 * 60_000;

/** When an item is due, by the event that leased it, put it off, or began it. */
export function dueOf(event: { time: string; data: object }): Due {
  const { until, lease, nextAttemptAt, wait, sendAt } = event.data as Named;
  if (until !== undefined) return { due: until, within: lease ?? between(event.time, until), leased: true };
  if (nextAttemptAt !== undefined) return { due: nextAttemptAt, within: wait ?? between(event.time, nextAttemptAt) };
  return sendAt === undefined ? { due: event.time, within: 0 } : { due: sendAt };
}

function between(from: string, to: string): number {
  return Math.min(Math.max(Date.parse(to) - Date.parse(from), 0), LONGEST);
}

/**
 * Milliseconds that are left until an item is due, at this time of day (milliseconds since 1970). `isOld`: what says so was recorded before anybody here
 * began to watch, and only the time of day can tell how much of its length is over.
 */
export function leftOf({ due, within, leased }: Due, now: number, isOld: boolean): number {
  const left = Date.parse(due) - now;
  if (within === undefined) return left;
  return leased && !isOld ? within : Math.min(Math.max(left, 0), within);
}
