import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { START } from '../../contracts/message.ts';
import { StoreUnavailable } from '../event-store/event-store.ts';
import { fill, inMemoryStore } from '../event-store/in-memory.fixture.ts';
import { countAfter } from './count-after.ts';

const MOST = 5;

it('counts what is after each of the positions that are asked for at once, up to a bound', async () => {
  const store = inMemoryStore();
  const events = await fill(
    store,
    Array.from({ length: 12 }, (_, n) => `task-${n % 3}`),
  );
  const positions = [START, ...events.map(({ position }) => position)];
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(positions.length - 1), { minLength: 1, maxLength: 20 }), async (asked) => {
      const counts = await Promise.all(asked.map((n) => countAfter(store, positions[n] ?? START, MOST)));
      expect(counts).toEqual(asked.map((n) => Math.min(events.length - n, MOST)));
    }),
  );
});

it('reads once for all that are near the head and asked for at once', async () => {
  const store = inMemoryStore();
  const events = await fill(store, ['task-1', 'task-2', 'task-3']);
  const read = vi.spyOn(store, 'readAll');
  const counts = await Promise.all([START, ...events.map(({ position }) => position)].map((position) => countAfter(store, position, MOST)));
  expect(counts).toEqual([3, 2, 1, 0]);
  expect(read).toHaveBeenCalledTimes(1);
});

it('counts an event that came while an earlier question was being answered', async () => {
  const store = inMemoryStore();
  await fill(store, ['task-1']);
  const readAll = store.readAll.bind(store);
  const meanwhile = Promise.withResolvers<Promise<number>>();
  vi.spyOn(store, 'readAll').mockImplementationOnce(async function* (options) {
    yield* readAll(options);
    await fill(store, ['task-2']);
    meanwhile.resolve(countAfter(store, START, MOST));
  });
  expect(await countAfter(store, START, MOST)).toBe(1);
  expect(await await meanwhile.promise).toBe(2);
});

it('rejects for all who asked where the store is away, and counts again once it is back', async () => {
  const store = inMemoryStore();
  const [event] = await fill(store, ['task-1']);
  vi.spyOn(store, 'readAll').mockImplementationOnce(() => {
    throw new StoreUnavailable('away');
  });
  const asked = await Promise.allSettled([countAfter(store, START, MOST), countAfter(store, event?.position ?? START, MOST)]);
  expect(asked.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await countAfter(store, START, MOST)).toBe(1);
});
