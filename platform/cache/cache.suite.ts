/** The tests that every cache passes. An implementation's test runs them: `describeCache('memory', async () => memoryCache())`. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Cache, CacheEntry } from './cache.ts';

const TTL = 600;

/** Runs the suite. `open` gives an empty cache for each test, which the suite closes; `runs` random cases are tried of each property. */
export function describeCache(name: string, open: () => Promise<Cache>, { runs = 100 }: { runs?: number } = {}): void {
  describe(`cache: ${name}`, () => {
    let cache: Cache;
    beforeEach(async () => {
      cache = await open();
    });
    afterEach(() => cache.close());

    async function put(key: string, generation: number, position: string, value: unknown): Promise<void> {
      await cache.set([{ key, entry: { generation, position, value } }], TTL);
    }

    async function valueAt(key: string): Promise<unknown> {
      return (await cache.get([key]))[0]?.value;
    }

    test('answers entries in the order of the keys, undefined where there is none', async () => {
      await put('a', 1, '01', { title: 'it’s "quoted" 😀', list: [1, null, true], deep: { er: [{}] } });
      await put('b', 2, '02', null);
      expect(await cache.get(['b', 'nobody', 'a', 'b'])).toEqual([
        { generation: 2, position: '02', value: null },
        undefined,
        { generation: 1, position: '01', value: { title: 'it’s "quoted" 😀', list: [1, null, true], deep: { er: [{}] } } },
        { generation: 2, position: '02', value: null },
      ]);
      expect(await cache.get([])).toEqual([]);
    });

    test('an older position never takes the place of a newer one of the same generation', async () => {
      await put('a', 1, '05', 'newer');
      await put('a', 1, '04', 'older');
      expect(await valueAt('a')).toBe('newer');
      await put('a', 1, '06', 'newest');
      expect(await valueAt('a')).toBe('newest');
    });

    test('a newer generation takes the place of an older one whatever their positions, and not the other way round', async () => {
      await put('a', 1, '09', 'old generation');
      await put('a', 2, '01', 'new generation');
      expect(await valueAt('a')).toBe('new generation');
      await put('a', 1, '10', 'old generation again');
      expect(await valueAt('a')).toBe('new generation');
    });

    test('generations above 2³¹ (they can be times) are told apart', async () => {
      await put('a', 1_795_000_000_001, '01', 'newer');
      await put('a', 1_795_000_000_000, '02', 'older');
      expect(await cache.get(['a'])).toEqual([{ generation: 1_795_000_000_001, position: '01', value: 'newer' }]);
    });

    test('in whatever order entries come, the newest stays', async () => {
      const entry = fc.record({ key: fc.constantFrom('a', 'b'), generation: fc.integer({ min: 1, max: 3 }), n: fc.integer({ min: 0, max: 99 }) });
      let run = 0;
      const property = fc.asyncProperty(fc.array(entry, { maxLength: 20 }), async (all) => {
        run++;
        const newest = new Map<string, CacheEntry>();
        for (const { key, generation, n } of all) {
          const position = String(n).padStart(4, '0');
          const one = { generation, position, value: `${generation} ${position}` };
          const before = newest.get(key);
          if (!before || one.value >= String(before.value)) newest.set(key, one);
          await put(`${run}:${key}`, generation, position, one.value);
        }
        expect(await cache.get([`${run}:a`, `${run}:b`])).toEqual([newest.get('a'), newest.get('b')]);
      });
      await fc.assert(property, { numRuns: runs });
    });

    test('nothing that a reader or writer does to a value later is seen by others', async () => {
      const value = { list: [1], deep: { title: 'as it was' } };
      await put('a', 1, '01', value);
      value.deep.title = 'changed by the writer';
      const read = (await valueAt('a')) as typeof value;
      try {
        read.list.push(2);
        read.deep.title = 'changed by a reader';
      } catch {
        // A frozen value cannot be changed at all: that is as good.
      }
      expect(await valueAt('a')).toEqual({ list: [1], deep: { title: 'as it was' } });
    });

    test('an entry is gone after its time', async () => {
      await cache.set([{ key: 'a', entry: { generation: 1, position: '01', value: 1 } }], 1);
      await put('b', 1, '01', 2);
      expect(await valueAt('a')).toBe(1);
      await vi.waitFor(async () => expect(await valueAt('a')).toBeUndefined(), { timeout: 10_000 });
      expect(await valueAt('b')).toBe(2);
    });

    test('an entry that is gone is no bar to an older one', async () => {
      await cache.set([{ key: 'a', entry: { generation: 2, position: '05', value: 'gone' } }], 1);
      await vi.waitFor(async () => expect(await valueAt('a')).toBeUndefined(), { timeout: 10_000 });
      await put('a', 1, '01', 'older');
      expect(await valueAt('a')).toBe('older');
    });

    test('counters begin at 0, rise one by one, each for itself', async () => {
      expect(await cache.generations(['tasks', 'users'])).toEqual([0, 0]);
      await cache.raise(['tasks']);
      await cache.raise(['tasks', 'users']);
      expect(await cache.generations(['users', 'tasks', 'others'])).toEqual([1, 2, 0]);
      expect(await cache.generations([])).toEqual([]);
    });

    test('has no entry any more once it is cleared, and its counters go on', async () => {
      const entries = Array.from({ length: 1_200 }, (_, n) => ({ key: `one ${n}`, entry: { generation: 1, position: '05', value: n } }));
      await cache.set(entries, TTL);
      await cache.raise(['tasks']);
      expect(await cache.clear()).toBe(1_200);
      expect((await cache.get(entries.map(({ key }) => key))).filter((one) => one !== undefined)).toEqual([]);
      expect([await cache.generations(['tasks']), await cache.clear()]).toEqual([[1], 0]);
      await put('one 1', 1, '01', 'an older one');
      expect(await valueAt('one 1')).toBe('an older one');
    });

    test('counters and entries of the same name do not meet', async () => {
      await put('tasks', 1, '01', 'entry');
      await cache.raise(['tasks']);
      expect([await valueAt('tasks'), await cache.generations(['tasks'])]).toEqual(['entry', [1]]);
    });
  });
}
