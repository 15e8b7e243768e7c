import { describe, expect, test } from 'vitest';
import { describeCache } from '../cache.suite.ts';
import { openCache } from '../open.ts';
import { memoryCache } from './memory.ts';

describeCache('memory', () => openCache('memory:'));

describe('the cache in memory', () => {
  const entry = (value: unknown) => ({ generation: 1, position: '01', value });
  const keys = (count: number) => Array.from({ length: count }, (_, n) => `key ${n}`);

  async function held(cache: ReturnType<typeof memoryCache>, names: string[]): Promise<string[]> {
    const found = await cache.get(names);
    return names.filter((_, index) => found[index]);
  }

  test('holds no more entries than it may: those used least recently go', async () => {
    const cache = memoryCache({ entries: 3 });
    for (const key of keys(3)) await cache.set([{ key, entry: entry(1) }], 60);
    await cache.get(['key 0']);
    await cache.set([{ key: 'key 3', entry: entry(1) }], 60);
    expect(await held(cache, keys(4))).toEqual(['key 0', 'key 2', 'key 3']);
  });

  test('holds no more bytes than it may', async () => {
    const cache = memoryCache({ bytes: 100_000 });
    for (const key of keys(100)) await cache.set([{ key, entry: entry('x'.repeat(5_000)) }], 60);
    const { length } = await held(cache, keys(100));
    expect(length).toBeGreaterThan(5);
    expect(length).toBeLessThanOrEqual(10);
  });

  test('does not take what is larger than all it may hold, and forgets what that would have replaced', async () => {
    const cache = memoryCache({ bytes: 10_000 });
    await cache.set([{ key: 'a', entry: entry('small') }], 60);
    await cache.set([{ key: 'a', entry: { ...entry('x'.repeat(20_000)), position: '02' } }], 60);
    expect(await cache.get(['a'])).toEqual([undefined]);
  });

  test('counters that were forgotten never show a value they had before', async () => {
    const cache = memoryCache({ counters: 2 });
    const shown = new Map<string, number>();
    for (let round = 0; round < 20; round++) {
      for (const name of ['a', 'b', 'c', 'd']) {
        await cache.raise([name]);
        const [value = 0] = (await cache.generations([name])) ?? [];
        expect(value).toBeGreaterThan(shown.get(name) ?? 0);
        shown.set(name, value);
      }
    }
  });

  test('is not opened for a URL that names another one', async () => {
    await expect(openCache('memcached://localhost')).rejects.toThrow('CACHE_URL must begin with memory: or redis:');
  });
});
