import { describe, expect, it, vi } from 'vitest';
import { openMemoryBus } from '../event-bus/memory/memory.ts';
import { EXAMPLE_QUEUES, TASK_EVENTS } from '../event-bus/queues.fixture.ts';
import { StoreUnavailable } from '../event-store/event-store.ts';
import { fill, inMemoryStore } from '../event-store/in-memory.fixture.ts';
import { effectCheckpoint } from './checkpoint.ts';
import { SteppedDown } from './checkpoint-stream.ts';
import { BEGINNING } from './checkpoint-type.ts';
import { followWithEffects } from './follow-with-effects.ts';

const log = { info: () => {}, warn: () => {}, error: () => {} };
const kept = async (store: ReturnType<typeof inMemoryStore>, stream: string) => {
  for await (const page of store.readStream(stream)) return page.length;
  return 0;
};

describe('the checkpoint of a follower of effects', () => {
  it('invariant 7: begins at the head of the store, and stays there however late the first event comes', async () => {
    const store = inMemoryStore();
    const [, , last] = await fill(store, ['task-1', 'task-1', 'task-2']);
    const begun = { position: last?.position, eventId: last?.id };
    expect(await effectCheckpoint(store, 'mail').load()).toEqual(begun);
    // The process died at once; the events that came since are after the checkpoint.
    await fill(store, ['task-3']);
    expect(await effectCheckpoint(store, 'mail').load()).toEqual(begun);
    expect(await effectCheckpoint(inMemoryStore(), 'mail').load()).toEqual(BEGINNING);
  });

  it('invariant 7: history before the first deployment has no effects, what comes after it has', async () => {
    const store = inMemoryStore();
    await fill(store, ['task-1', 'task-1', 'user-1']);
    const effects: number[] = [];
    const run = () =>
      followWithEffects(
        {
          name: 'mail',
          queue: TASK_EVENTS,
          batch: 1,
          wants: (event) => event.stream.startsWith('task-'),
          apply: async (events) => void effects.push(...events.map(({ position }) => Number(position))),
        },
        { store, bus: openMemoryBus({ queues: EXAMPLE_QUEUES, log }), log, silence: 10 },
      );
    const first = await run();
    expect(await kept(store, '_checkpoint-mail')).toBe(1);
    await fill(store, ['task-2']);
    await vi.waitFor(() => expect(effects).toEqual([4]));
    await first.stop();
    await fill(store, ['task-2', 'task-3']);
    const second = await run();
    await vi.waitFor(() => expect(effects).toEqual([4, 5, 6]));
    await second.stop();
  });

  it('is written lazily, the newest only, and keeps little', async () => {
    const store = inMemoryStore();
    const append = vi.spyOn(store, 'append');
    const checkpoint = effectCheckpoint(store, 'mail');
    await checkpoint.load();
    for (let n = 1; n <= 50; n++) checkpoint.save({ position: String(n), eventId: `e${n}` });
    await vi.waitFor(() => expect(append).toHaveBeenCalledTimes(2));
    expect(await effectCheckpoint(store, 'mail').load()).toEqual({ position: '50', eventId: 'e50' });
    for (let n = 51; n <= 60; n++) {
      checkpoint.save({ position: String(n), eventId: `e${n}` });
      await checkpoint.flush();
    }
    expect(await kept(store, '_checkpoint-mail')).toBe(3);
  });

  it('invariant 6: one whose checkpoint another process moved steps down, and goes on from there after it loads again', async () => {
    const store = inMemoryStore();
    const [mine, other] = [effectCheckpoint(store, 'mail'), effectCheckpoint(store, 'mail')];
    await mine.load();
    await other.load();
    other.save({ position: '7', eventId: 'seven' });
    await other.flush();
    mine.save({ position: '3', eventId: 'three' });
    await expect(mine.flush()).rejects.toBeInstanceOf(SteppedDown);
    expect(() => mine.save({ position: '4', eventId: 'four' })).toThrow(SteppedDown);
    expect(await mine.load()).toEqual({ position: '7', eventId: 'seven' });
    mine.save({ position: '8', eventId: 'eight' });
    await mine.flush();
  });

  it('tells of a lazy write that failed at the next save', async () => {
    const store = inMemoryStore();
    const checkpoint = effectCheckpoint(store, 'mail');
    await checkpoint.load();
    vi.spyOn(store, 'append').mockRejectedValueOnce(new StoreUnavailable('gone'));
    checkpoint.save({ position: '1', eventId: 'one' });
    await vi.waitFor(() => expect(() => checkpoint.save({ position: '2', eventId: 'two' })).toThrow(StoreUnavailable));
    expect(await checkpoint.load()).toEqual(BEGINNING);
  });

  it('invariant 7: begins again at the head of a store that is another one', async () => {
    const store = inMemoryStore();
    const checkpoint = effectCheckpoint(store, 'mail');
    await checkpoint.load();
    checkpoint.save({ position: '9', eventId: 'elsewhere' });
    await checkpoint.flush();
    const [, last] = await fill(store, ['task-1', 'task-1']);
    await checkpoint.foreignLog();
    expect(await checkpoint.load()).toEqual({ position: last?.position, eventId: last?.id });
  });
});
