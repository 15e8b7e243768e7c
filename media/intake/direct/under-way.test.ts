import { expect, it, vi } from 'vitest';
import { openUnderWay } from './under-way.ts';

const LONG = 1_000_000;
const its = (key: string, owner = 'ann') => ({ key, owner });

it('is done once for all who ask while it is under way, and anew afterwards', async () => {
  const underWay = openUnderWay<string>();
  const { promise, resolve } = Promise.withResolvers<string>();
  const work = vi.fn(() => promise);
  const both = [underWay.join(its('a'), work, LONG), underWay.join(its('a'), work, LONG)];
  expect([underWay.has('a'), underWay.has('b')]).toEqual([true, false]);
  resolve('done');
  expect(await Promise.all(both)).toEqual(['done', 'done']);
  expect([work.mock.calls.length, underWay.has('a')]).toEqual([1, false]);
  expect(await underWay.join(its('a'), async () => 'again', LONG)).toBe('again');
});

it('goes on where it is not waited for, and its outcome is whoever’s who asks again', async () => {
  const underWay = openUnderWay<string>();
  const { promise, resolve } = Promise.withResolvers<string>();
  expect(await underWay.join(its('a'), () => promise, 1)).toBeUndefined();
  expect(underWay.has('a')).toBe(true);
  resolve('done');
  expect(await underWay.join(its('a'), async () => 'another', LONG)).toBe('done');
});

it('keeps the error of work that nobody waited for until somebody asks', async () => {
  const underWay = openUnderWay<string>();
  const { promise, reject } = Promise.withResolvers<string>();
  expect(await underWay.join(its('a'), () => promise, 1)).toBeUndefined();
  reject(new Error('it was refused'));
  await expect(underWay.join(its('a'), async () => 'another', LONG)).rejects.toThrow('it was refused');
  expect(await underWay.join(its('a'), async () => 'another', LONG)).toBe('another');
});

it('forgets an outcome that nobody asks for', async () => {
  vi.useFakeTimers();
  try {
    const underWay = openUnderWay<string>();
    const { promise, reject } = Promise.withResolvers<string>();
    const first = underWay.join(its('a'), () => promise, 1);
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

it('is begun for four of one owner at once and for sixteen of all, and has room again when one is done', async () => {
  const underWay = openUnderWay<string>();
  const { promise, resolve } = Promise.withResolvers<string>();
  for (const key of '1234') await underWay.join(its(key), () => promise, 1);
  await expect(underWay.join(its('5'), () => promise, 1)).rejects.toMatchObject({ code: 'limited' });
  expect(await underWay.join(its('1'), () => promise, 1)).toBeUndefined();
  for (let n = 0; n < 12; n++) await underWay.join(its(`x${n}`, `other-${n}`), () => promise, 1);
  await expect(underWay.join(its('y', 'one-more'), () => promise, 1)).rejects.toMatchObject({ code: 'unavailable' });
  resolve('done');
  await promise;
  expect(await underWay.join(its('5'), async () => 'read', LONG)).toBe('read');
});
