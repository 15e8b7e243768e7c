import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { MODEL } from '../model.fixture.ts';
import type { ModelState } from '../read-models.ts';
import { createReached } from './reached.ts';

/** As `setTimeout` of node:timers/promises, which fake timers do not know. */
vi.mock('node:timers/promises', () => ({ setTimeout: (ms: number) => new Promise((resolve) => setTimeout(resolve, ms)) }));
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const AT_1: ModelState = { generation: 1, checkpoint: { position: '1', eventId: 'e1' }, version: 1, cacheGeneration: 1, parked: 0 };

it('looks at a model’s state once at a time, however many wait, go and come again', async () => {
  let underWay = 0;
  let most = 0;
  let asked = 0;
  const slow = async (): Promise<ModelState> => {
    asked++;
    most = Math.max(most, ++underWay);
    await new Promise((resolve) => setTimeout(resolve, 100));
    underWay--;
    return AT_1;
  };
  const waiting = createReached(slow);
  const answers: boolean[] = [];
  // Each waits for less time than a look takes: when the next one comes, the look for the one before goes on.
  for (let n = 0; n < 20; n++) {
    const one = waiting.reached(MODEL, '2', 10).then((it) => answers.push(it));
    await vi.advanceTimersByTimeAsync(120);
    await one;
  }
  expect(answers).toEqual(Array(20).fill(false));
  // One asks for itself, and one looks for all.
  expect(most).toBeLessThanOrEqual(2);
  expect(asked).toBeLessThanOrEqual(20 + 20);
});

it('answers all who wait by one look', async () => {
  let position = '1';
  const waiting = createReached(async () => ({ ...AT_1, checkpoint: { position, eventId: 'e' } }));
  const answers = Promise.all(['2', '3'].map((at) => waiting.reached(MODEL, at, 1_000)));
  await vi.advanceTimersByTimeAsync(30);
  position = '3';
  await vi.advanceTimersByTimeAsync(30);
  expect(await answers).toEqual([true, true]);
});
