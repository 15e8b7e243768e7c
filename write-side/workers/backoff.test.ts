import { expect, it } from 'vitest';
import { backoff } from './backoff.ts';

it('waits between 0.8 and 1.2 times 1 s, 10 s, 1 minute, and 10 minutes from then on', () => {
  expect([1, 2, 3, 4, 5, 20].map((attempt) => backoff(attempt, 0.5))).toEqual([1_000, 10_000, 60_000, 600_000, 600_000, 600_000]);
  expect([backoff(1, 0), backoff(1, 1)]).toEqual([800, 1_200]);
});
