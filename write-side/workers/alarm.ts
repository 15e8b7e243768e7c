/** An alarm clock: rings at the earliest time it was set to, one ring after the other. */

export interface AlarmOptions {
  /** Does what is to be done, and may set it again meanwhile. False, or a rejection: it rings again in a second. */
  ring(): Promise<boolean>;
  log: { warn(data: object, message: string): void };
  /** Milliseconds since 1970. */
  clock: () => number;
}

export interface Alarm {
  /** Rings at that time at the latest. Milliseconds since 1970; Infinity changes nothing. */
  set(time: number): void;
  /** Rings no more, and waits for what it rang for. */
  stop(): Promise<void>;
}

/** Milliseconds between two rings at least; and after one that came to nothing. */
const PAUSE = 100;
const RETRY = 1_000;
/** Milliseconds it sleeps at most: far below the 2^31 that a timer can take, and a clock that was set, or a machine that slept, is noticed. */
const LONGEST_SLEEP = 60_000;

/** Makes one that is not set. */
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
      if (!failing) log.warn({ err: error }, 'what is due now cannot be done; again and again');
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
