import { describe, expect, it } from 'vitest';
import { appendOnce } from './append-once.ts';
import { StoreUnavailable } from './event-store.ts';
import { inMemoryStore, logOf, newEvent } from './in-memory.fixture.ts';

describe('an append that is done once', () => {
  it('begins a stream and answers where', async () => {
    const store = inMemoryStore();
    const events = [newEvent('TaskCreated'), newEvent('TaskCommented')];
    const appended = await appendOnce(store, 'task-1', events);
    expect(appended).toEqual({ revision: 1, position: await store.head() });
    expect((await logOf(store)).map(({ id }) => id)).toEqual(events.map(({ id }) => id));
  });

  it('leaves a stream that has begun as it is, and answers null', async () => {
    const store = inMemoryStore();
    const first = newEvent('TaskCreated');
    await appendOnce(store, 'task-1', [first]);
    expect(await appendOnce(store, 'task-1', [newEvent('TaskCreated')])).toBeNull();
    expect((await logOf(store)).map(({ id }) => id)).toEqual([first.id]);
  });

  it('of many at once records one, and tells the others', async () => {
    const store = inMemoryStore();
    const answers = await Promise.all(Array.from({ length: 10 }, () => appendOnce(store, 'task-1', [newEvent('TaskCreated')])));
    expect(answers.filter((one) => one !== null)).toHaveLength(1);
    expect(await logOf(store)).toHaveLength(1);
  });

  it('rejects with any other error of the store', async () => {
    const append = () => Promise.reject(new StoreUnavailable('away'));
    await expect(appendOnce({ append }, 'task-1', [newEvent('TaskCreated')])).rejects.toThrow(StoreUnavailable);
  });
});
