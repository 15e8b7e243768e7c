import { expect, it } from 'vitest';
import { backoff, nextAttempt } from './backoff.ts';

it('waits between 0.8 and 1.2 times 1 s, 10 s, 1 minute, and 10 minutes from then on', () => {
  expect([1, 2, 3, 4, 5, 20].map((attempt) => backoff(attempt, 0.5))).toEqual([1_000, 10_000, 60_000, 600_000, 600_000, 600_000]);
  expect([backoff(1, 0), backoff(1, 1)]).toEqual([800, 1_200]);
});

it('tries an item again after that, never sooner than was asked for, and not after the last attempt since an operator forgave the others', () => {
  const now = new Date('2026-11-21T09:00:00.000Z');
  const next = (attempts: number, forgiven: number, asked?: number) =>
    nextAttempt({ attempts, forgiven }, { attempts: 3, now, random: 0.5, ...(asked === undefined ? {} : { asked }) });
  expect(next(2, 0)).toBe('2026-11-21T09:00:10.000Z');
  expect(next(2, 0, 30_000)).toBe('2026-11-21T09:00:33.000Z');
  expect(next(3, 0, 30_000)).toBeNull();
  expect(next(4, 3)).toBe('2026-11-21T09:00:01.000Z');
});
