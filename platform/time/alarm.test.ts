import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type Alarm, openAlarm } from './alarm.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const log = { warn: () => {} };
let alarm: Alarm;
/** The times of the monotonic clock at which it rang. */
let rung: number[];
let ring: () => Promise<boolean>;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'], now: Date.parse('2026-11-21T09:00:00.000Z') });
  rung = [];
  ring = async () => true;
  alarm = openAlarm({
    ring: () => {
      rung.push(Math.round(performance.now() - begun));
      return ring();
    },
    log,
  });
  begun = performance.now();
});
let begun: number;
afterEach(async () => {
  await alarm.stop();
  vi.useRealTimers();
});

it('rings at the earliest time it was set to, and then no more', async () => {
  alarm.set(Date.now() + 2 * HOUR);
  alarm.set(Date.now() + HOUR);
  alarm.after(3 * HOUR);
  await vi.advanceTimersByTimeAsync(4 * HOUR);
  expect(rung).toEqual([HOUR]);
});

it('rings within a minute of a time of day that a clock which was set, or a machine that slept, has passed', async () => {
  alarm.set(Date.now() + 6 * HOUR);
  await vi.advanceTimersByTimeAsync(MINUTE);
  vi.setSystemTime(Date.now() + 7 * HOUR);
  await vi.advanceTimersByTimeAsync(MINUTE);
  expect(rung).toHaveLength(1);
});

it('waits for a time of day that a clock which was set back shows later', async () => {
  alarm.set(Date.now() + HOUR);
  vi.setSystemTime(Date.now() - 5 * HOUR);
  await vi.advanceTimersByTimeAsync(6 * HOUR - 1);
  expect(rung).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(rung).toEqual([6 * HOUR]);
});

it.each([5 * HOUR, -5 * HOUR])('rings after a length, and again after a ring that failed, though the clock is set by %d ms', async (step) => {
  ring = async () => {
    vi.setSystemTime(Date.now() + step);
    if (rung.length === 1) throw new Error('not now');
    return rung.length !== 2;
  };
  alarm.after(MINUTE);
  vi.setSystemTime(Date.now() + step);
  await vi.advanceTimersByTimeAsync(2 * MINUTE);
  expect(rung).toEqual([MINUTE, MINUTE + 1_000, MINUTE + 2_000]);
});

it('never rings twice at once, nor without a pause', async () => {
  const end = Promise.withResolvers<boolean>();
  ring = () => (rung.length === 1 ? end.promise : Promise.resolve(true));
  alarm.after(0);
  await vi.advanceTimersByTimeAsync(HOUR);
  alarm.after(0);
  await vi.advanceTimersByTimeAsync(HOUR);
  expect(rung).toHaveLength(1);
  end.resolve(true);
  await vi.advanceTimersByTimeAsync(99);
  expect(rung).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(2);
  expect(rung).toHaveLength(2);
});
