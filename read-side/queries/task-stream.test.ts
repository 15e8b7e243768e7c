import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type NewEvent, NO_STREAM, type RecordedEvent } from '../../contracts/message.ts';
import type { EventStore } from '../../platform/event-store/event-store.ts';
import { inMemoryStore, newEvent } from '../../platform/event-store/in-memory.fixture.ts';
import { knownEvents } from '../../platform/event-store/known-events.ts';
import { type TaskDetailDocument, taskDetail } from '../../projections/projectors/task-detail.ts';
import { taskAt } from './task-stream.ts';

const edited = (n: number): NewEvent => ({ ...newEvent('TaskEdited'), data: { title: `Lamp ${n}` } });
const commented = (n: number): NewEvent => ({ ...newEvent('TaskCommented'), data: { commentId: randomUUID(), text: `${n}`.padEnd(500) } });

/** A store with a task of so many edits, which counts the events that are taken from it, a page of them at a time. */
async function taskOf(edits: number, edit: (n: number) => NewEvent = edited) {
  const id = randomUUID();
  const inner = inMemoryStore();
  await inner.append(`task-${id}`, NO_STREAM, [newEvent('TaskCreated'), ...Array.from({ length: edits }, (_, n) => edit(n))]);
  let read = 0;
  const store: EventStore = {
    ...inner,
    async *readStream(...args) {
      for await (const page of inner.readStream(...args)) {
        read += page.length;
        yield page;
      }
    },
  };
  const more = (n: number) => inner.append(`task-${id}`, edits, [edit(n)]);
  const since = () => {
    const count = read;
    read = 0;
    return count;
  };
  return { id, store, since, more };
}

/** The same by folding everything. */
async function folded(store: EventStore, id: string, before: (event: RecordedEvent) => boolean) {
  let then: TaskDetailDocument | null = null;
  let now: TaskDetailDocument | null = null;
  for await (const event of knownEvents(store, `task-${id}`)) {
    now = taskDetail.evolve(now ?? undefined, event) as TaskDetailDocument;
    if (before(event)) then = now;
  }
  return { then, now };
}

it('a long stream is folded once: who may read it, and how it was, are told by a stretch of it from then on', async () => {
  const { id, store, since, more } = await taskOf(3_000);
  await taskAt(store, id, () => false);
  expect(since()).toBeGreaterThan(3_000);
  await Promise.all(Array.from({ length: 20 }, () => taskAt(store, id, () => false)));
  expect(since()).toBeLessThanOrEqual(20 * 3);
  const { then } = await taskAt(store, id, ({ position }) => position <= '0000000000001500');
  expect(then?.title).toBe('Lamp 1498');
  expect(since()).toBeLessThanOrEqual(500);
  await more(9_999);
  expect((await taskAt(store, id, () => false)).now?.title).toBe('Lamp 9999');
  expect(since()).toBeLessThanOrEqual(5);
});

it('a task of thousands of long comments is kept, too: its stretches share their texts', async () => {
  const { id, store, since } = await taskOf(5_000, commented);
  await taskAt(store, id, () => false);
  expect(since()).toBeGreaterThan(5_000);
  const { now } = await taskAt(store, id, () => false);
  expect(now?.comments).toHaveLength(5_000);
  expect(since()).toBeLessThanOrEqual(3);
});

it('a task as it was is what folding everything says, at each position', async () => {
  const { id, store } = await taskOf(700);
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 710 }), async (at) => {
      const before = ({ position }: Pick<RecordedEvent, 'position'>) => position <= String(at).padStart(16, '0');
      expect(await taskAt(store, id, before)).toEqual(await folded(store, id, before));
    }),
    { numRuns: 40 },
  );
});

it('times that went back, as a clock was set, hide no event: the last one by then is found', async () => {
  const { id, store } = await taskOf(600);
  const set: EventStore = {
    ...store,
    async *readStream(...args) {
      for await (const page of store.readStream(...args))
        yield page.map((event) => ({ ...event, time: `2026-11-21T0${event.revision % 400 < 300 ? 9 : 8}:00:00.000Z` }));
    },
  };
  for (const hour of [7, 8, 9]) {
    const before = ({ time }: Pick<RecordedEvent, 'time'>) => time <= `2026-11-21T0${hour}:00:00.000Z`;
    expect(await taskAt(set, id, before)).toEqual(await folded(set, id, before));
  }
});

it('a stream that an operator began anew is folded anew', async () => {
  const { id, store } = await taskOf(3);
  const other = await taskOf(1);
  let current = store;
  const swapped: EventStore = {
    ...store,
    readStream: (stream, options) => current.readStream(stream.replace(id, current === store ? id : other.id), options),
  };
  expect((await taskAt(swapped, id, () => false)).now?.title).toBe('Lamp 2');
  current = other.store;
  expect((await taskAt(swapped, id, () => false)).now?.title).toBe('Lamp 0');
});
