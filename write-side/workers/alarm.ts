/** An alarm clock: it rings at the earliest time it was set to, and never twice at once. */
import { absencesIn } from '../../platform/absences/absences.ts';

export interface AlarmOptions {
  /** Called at each ring; it may set the alarm again meanwhile. After false, or a rejection, the alarm rings again in a second. */
  ring(): Promise<boolean>;
  log: { warn(data: object, message: string): void };
  /** The present time, in milliseconds since 1970. */
  clock: () => number;
}

export interface Alarm {
  /** Sets the alarm to ring at this time at the latest (milliseconds since 1970); Infinity changes nothing. */
  set(time: number): void;
  /** Stops the alarm, and waits for the ring that is under way. */
  stop(): Promise<void>;
}

/** Milliseconds between two rings at least, and after a ring that failed. */
const PAUSE = 100;
const RETRY = 1_000;
/** The longest sleep, in milliseconds: far below the 2^31 of a timer, and short enough to notice a clock that was set or a machine that slept. */
const LONGEST_SLEEP = 60_000;

/** Opens an alarm that is not set. */
export function openAlarm({ ring, log, clock: now }: AlarmOptions): Alarm {
  let next = Number.POSITIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  let ringing: Promise<void> | undefined;
  let stopped = false;
  let failing = false;

  function set(time: number): void {
    next = Math.min(next, time);
    sleep();
  }

  function sleep(): void {
    clearTimeout(timer);
    if (stopped || ringing || next === Number.POSITIVE_INFINITY) return;
    timer = setTimeout(wake, Math.min(Math.max(next - now(), 0), LONGEST_SLEEP));
  }

  function wake(): void {
    if (now() < next) sleep();
    else ringing = ringOnce();
  }

  async function ringOnce(): Promise<void> {
    next = Number.POSITIVE_INFINITY;
    if (!(await rung())) set(now() + RETRY);
    ringing = undefined;
    next = Math.max(next, now() + PAUSE);
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
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await ringing;
    },
  };
}
