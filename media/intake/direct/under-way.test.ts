import { expect, it, vi } from 'vitest';
import { openUnderWay } from './under-way.ts';

const LONG = 1_000_000;

it('is done once for all who ask while it is under way, and anew afterwards', async () => {
  const underWay = openUnderWay<string>();
  const { promise, resolve } = Promise.withResolvers<string>();
  const work = vi.fn(() => promise);
  const both = [underWay.join('a', work, LONG), underWay.join('a', work, LONG)];
  expect([underWay.has('a'), underWay.has('b')]).toEqual([true, false]);
  resolve('done');
  expect(await Promise.all(both)).toEqual(['done', 'done']);
  expect([work.mock.calls.length, underWay.has('a')]).toEqual([1, false]);
  expect(await underWay.join('a', async () => 'again', LONG)).toBe('again');
});

it('goes on where it is not waited for, and its outcome is whoever’s who asks again', async () => {
  const underWay = openUnderWay<string>();
  const { promise, resolve } = Promise.withResolvers<string>();
  expect(await underWay.join('a', () => promise, 1)).toBeUndefined();
  expect(underWay.has('a')).toBe(true);
  resolve('done');
  expect(await underWay.join('a', async () => 'another', LONG)).toBe('done');
});

it('keeps the error of work that nobody waited for until somebody asks', async () => {
  const underWay = openUnderWay<string>();
  const { promise, reject } = Promise.withResolvers<string>();
  expect(await underWay.join('a', () => promise, 1)).toBeUndefined();
  reject(new Error('it was refused'));
  await expect(underWay.join('a', async () => 'another', LONG)).rejects.toThrow('it was refused');
  expect(await underWay.join('a', async () => 'another', LONG)).toBe('another');
});

it('forgets an outcome that nobody asks for', async () => {
  vi.useFakeTimers();
  try {
    const underWay = openUnderWay<string>();
    const { promise, reject } = Promise.withResolvers<string>();
    const first = underWay.join('a', () => promise, 1);
    await vi.advanceTimersByTimeAsync(1);
    expect(await first).toBeUndefined();
    reject(new Error('it was refused'));
    await vi.advanceTimersByTimeAsync(599_000);
    expect(underWay.has('a')).toBe(true);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(underWay.has('a')).toBe(false);
  } finally {
    vi.useRealTimers();
  }
});
