import { expect, it } from 'vitest';
import { StoreUnavailable } from '../../platform/event-store/event-store.ts';
import { rebuildEach, untilAnswered } from './rebuild-each.ts';

it('rebuilds the others, too, where one read model cannot be, and says at the end which and why', async () => {
  const done: string[] = [];
  const rebuild = async (name: string) => {
    if (name === 'slow') throw new StoreUnavailable('The event store was silent for 4000 ms.');
    done.push(name);
  };
  await expect(rebuildEach(['one', 'slow', 'two'], rebuild)).rejects.toThrow('Not rebuilt: slow (The event store was silent for 4000 ms.).');
  expect(done).toEqual(['one', 'two']);
});

it('asks again while the event store is away, and no longer than it has patience; any other error it tells at once', async () => {
  let left = 3;
  const slow = async () => {
    if (left-- > 0) throw new StoreUnavailable('silent');
    return 'done';
  };
  expect(await untilAnswered(slow, { pause: 1 })).toBe('done');
  await expect(untilAnswered(() => Promise.reject(new StoreUnavailable('gone')), { patience: 0, pause: 1 })).rejects.toThrow('gone');
  let asked = 0;
  await expect(untilAnswered(() => Promise.reject(new TypeError(`a bug ${++asked}`)), { pause: 1 })).rejects.toThrow('a bug 1');
});
