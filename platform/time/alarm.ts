/**
 * The one alarm clock of all that is due. It rings at the earliest time it was set to, and never twice at once. A time of day that it waits for is
 * compared anew twice a minute: the clock may be set, and the machine may sleep.
 *
 *     const alarm = openAlarm({ ring: async () => sendWhatIsDue(), log });
 *     alarm.set(Date.parse(letter.sendAt));
 *     alarm.after(60_000);
 *     await alarm.stop();
 */

import { absencesIn } from '../absences/absences.ts';

export interface AlarmOptions {
  /** Called at each ring; it may set the alarm again meanwhile. After false, or a rejection, the alarm rings again in a second. */
  ring(): Promise<boolean>;
  log: { warn(data: object, message: string): void };
  /** The time of day, in milliseconds since 1970; default Date.now. */
  clock?: (() => number) | undefined;
  /** Milliseconds between two rings at least; default 100. */
  pause?: number;
}

export interface Alarm {
  /** Sets the alarm to ring at this time of day at the latest (milliseconds since 1970); Infinity changes nothing. */
  set(time: number): void;
  /** Sets the alarm to ring after so many milliseconds at the latest, whatever the clock is set to meanwhile; Infinity changes nothing. */
  after(milliseconds: number): void;
  /** Stops the alarm, and waits for the ring that is under way. */
  stop(): Promise<void>;
}

/** Milliseconds before the ring after one that failed. */
const RETRY = 1_000;
/** The longest sleep, in milliseconds: far below the 2^31 of a timer, and so short that nothing waits a minute for a clock that was set. */
const LONGEST_SLEEP = 30_000;
const NEVER = Number.POSITIVE_INFINITY;

/** Opens an alarm that is not set. */
export function openAlarm({ ring, log, clock: now = Date.now, pause = 100 }: AlarmOptions): Alarm {
  /** The next time of day, and the next time of the monotonic clock, at which it rings. */
  let [day, by] = [NEVER, NEVER];
  /** The time of the monotonic clock before which it does not ring. */
  let quiet = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  let ringing: Promise<void> | undefined;
  let stopped = false;
  let failing = false;

  function set(time: number): void {
    if (time >= day) return;
    day = time;
    sleep();
  }

  function after(milliseconds: number): void {
    const time = performance.now() + milliseconds;
    if (time >= by) return;
    by = time;
    sleep();
  }

  function left(): number {
    const monotonic = performance.now();
    return Math.max(Math.min(day - now(), by - monotonic), quiet - monotonic, 0);
  }

  function sleep(): void {
    clearTimeout(timer);
    if (stopped || ringing || (day === NEVER && by === NEVER)) return;
    timer = setTimeout(wake, Math.min(left(), LONGEST_SLEEP));
  }

  function wake(): void {
    if (left() > 0) sleep();
    else ringing = ringOnce();
  }

  async function ringOnce(): Promise<void> {
    [day, by] = [NEVER, NEVER];
    if (!(await rung())) after(RETRY);
    ringing = undefined;
    quiet = performance.now() + pause;
    sleep();
  }

  async function rung(): Promise<boolean> {
    try {
      const well = await ring();
      failing = false;
      return well;
    } catch (error) {
      if (!absencesIn(log).failed(error) && !failing) log.warn({ err: error }, 'what is due now cannot be done; again and again');
      failing = true;
      return false;
    }
  }

  return {
    set,
    after,
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await ringing;
    },
  };
}
