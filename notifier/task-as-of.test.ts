import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { exampleEvent } from '../contracts/catalog.ts';
import { NO_STREAM, type RecordedEvent } from '../contracts/message.ts';
import type { TaskEvent } from '../contracts/task.ts';
import { MOST_COMMENTERS, watchersOf } from '../contracts/watchers.ts';
import { type EventStore, StoreUnavailable } from '../platform/event-store/event-store.ts';
import { inMemoryStore, logOf } from '../platform/event-store/in-memory.fixture.ts';
import { stableId } from '../platform/stable-id.ts';
import { type TaskDetailDocument, taskDetail, watchersIn } from '../projections/projectors/task-detail.ts';
import { histories } from '../system/histories.fixture.ts';
import { task } from '../write-side/deciders/task.ts';
import { evolveTask, NO_TASK, tasksAsOf } from './task-as-of.ts';

const TASK = 'task-1';
let store: EventStore;
let reads: number;
beforeEach(() => {
  const inMemory = inMemoryStore();
  reads = 0;
  store = {
    ...inMemory,
    readStream: (...asked) => {
      reads += asked[1]?.from === 0 ? 1 : 0;
      return inMemory.readStream(...asked);
    },
  };
});

/** Appends an event and answers it as recorded. */
async function happen(type: string, stream: string, { actor, ...data }: { actor?: string; [field: string]: unknown } = {}): Promise<RecordedEvent> {
  const before = (await logOf(store)).filter((one) => one.stream === stream).at(-1)?.revision ?? NO_STREAM;
  const example = exampleEvent(type);
  const metadata = { ...example.metadata, ...(actor ? { actor } : {}) };
  await store.append(stream, before, [{ id: stableId(stream, String(before)), type, data: { ...(example.data as object), ...data }, metadata }]);
  return (await logOf(store)).at(-1) as RecordedEvent;
}

describe('a task as of an event', () => {
  it('is what its own events made it by then', async () => {
    const created = await happen('TaskCreated', TASK);
    await happen('TaskAssigned', TASK);
    const commented = await happen('TaskCommented', TASK, { actor: 'carol' });
    await happen('TaskEdited', TASK, { deadline: null });
    const moved = await happen('TaskStatusChanged', TASK);
    const deleted = await happen('TaskDeleted', TASK);
    const tasks = tasksAsOf(store);
    const { maker, userId, deadline } = created.data as { maker: string; userId: string; deadline: string };
    const first = { maker, assignee: null, commenters: [], status: 'open', deleted: false, deadline, revision: 0 };
    // Also backwards, as when an event comes again.
    for (const one of [tasks, tasksAsOf(store), tasks]) {
      expect((await one.read(TASK, deleted))?.()).toMatchObject({ deleted: true, deadline: null, status: 'in-progress', revision: 5 });
      expect((await one.read(TASK, moved))?.()).toMatchObject({ deleted: false, deadline: null, status: 'in-progress', revision: 4 });
      expect((await one.read(TASK, commented))?.()).toEqual({ ...NO_TASK, ...first, assignee: userId, commenters: ['carol'], revision: 2 });
      expect((await one.read(TASK, created))?.()).toEqual({ ...NO_TASK, ...first });
    }
  });

  it('is what it was by then also for an event of another stream, which has its place in the log', async () => {
    await happen('TaskCreated', TASK);
    const timer = await happen('TimerFired', 'timer-1', { subject: TASK });
    await happen('TaskDeleted', TASK);
    expect((await tasksAsOf(store).read(TASK, timer))?.()).toMatchObject({ deleted: false, revision: 0 });
    expect((await tasksAsOf(store).read('task-none', timer))?.()).toEqual(NO_TASK);
  });

  it('is not read from its beginning for each of its events', async () => {
    await happen('TaskCreated', TASK);
    const tasks = tasksAsOf(store);
    for (let n = 0; n < 5; n++) (await tasks.read(TASK, await happen('TaskCommented', TASK, { actor: `user-${n}` })))?.();
    expect((await tasks.read(TASK, await happen('TaskRestored', TASK)))?.().commenters).toHaveLength(5);
    expect(reads).toBe(1);
  });

  it('waits for a store that does not have the event yet', async () => {
    const created = await happen('TaskCreated', TASK);
    const ahead = { ...created, revision: 1, position: '9'.repeat(16) };
    await expect(tasksAsOf(store).read(TASK, ahead)).rejects.toThrow(StoreUnavailable);
  });

  it('of a stream that cannot be folded is an error, but only of who asks for it', async () => {
    const created = await happen('TaskCreated', TASK);
    const broken = await happen('TaskEdited', TASK);
    const bad: EventStore = {
      ...store,
      readStream: async function* () {
        yield [created, { ...broken, data: null }];
      },
    };
    const answer = await tasksAsOf(bad).read(TASK, broken);
    expect(answer).toThrow();
  });

  it('keeps the latest commenters, each once, and no more than so many', () => {
    const comment = (n: number) => exampleEvent('TaskCommented', { metadata: { ...exampleEvent('TaskCommented').metadata, actor: `user-${n}` } });
    const { commenters } = [0, 1, ...Array.from({ length: MOST_COMMENTERS }, (_, n) => n + 1), 5].map(comment).reduce(evolveTask, NO_TASK);
    expect(commenters).toHaveLength(MOST_COMMENTERS);
    expect(commenters).not.toContain('user-0');
    expect(commenters.at(-1)).toBe('user-5');
    expect(new Set(commenters).size).toBe(MOST_COMMENTERS);
  });

  it('is watched by whom the read model shows and the write side knows, after any history', () =>
    fc.assert(
      fc.property(histories(60, 'task'), (history) => {
        for (const [stream, steps = []] of Object.entries(Object.groupBy(history, (step) => step.stream))) {
          const events = steps.map(({ event, expected }) => ({ ...event, stream, revision: expected + 1, position: '', time: '' }) as RecordedEvent);
          const then = events.reduce(evolveTask, NO_TASK);
          const document = events.reduce<TaskDetailDocument | undefined>((before, event) => taskDetail.evolve(before, event) ?? undefined, undefined);
          if (document) expect(watchersIn(document)).toEqual(watchersOf(then));
          const state = events.reduce((before, event) => task.evolve(before, event as RecordedEvent & TaskEvent), task.initial);
          expect(state.watchers).toEqual({ watching: then.watching, away: then.away });
        }
      }),
    ));
});
