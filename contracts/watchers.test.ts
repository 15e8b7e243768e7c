import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { TaskEvent } from './task.ts';
import { NOBODY_ASKED, type Watching, watchersOf, watchingAfter } from './watchers.ts';

const person = fc.constantFrom('alice', 'bob', 'carol', 'dave');
const assigned = (userId: string | null): TaskEvent => ({ type: 'TaskAssigned', data: { userId, previous: null, atCreation: false } });
const anyEvent = fc.oneof(
  person.map((userId): TaskEvent => ({ type: 'TaskWatched', data: { userId } })),
  person.map((userId): TaskEvent => ({ type: 'TaskUnwatched', data: { userId } })),
  fc.option(person).map(assigned),
  fc.constant<TaskEvent>({ type: 'TaskStatusChanged', data: { from: 'open', to: 'done' } }),
);
const after = (events: readonly TaskEvent[]): Watching => events.reduce(watchingAfter, NOBODY_ASKED);
const task = { maker: 'alice', assignee: 'bob', commenters: ['carol', 'bob'] };

it('a task of which nobody said a word is watched by its maker, its assignee and its commenters, each once', () => {
  expect(watchersOf({ ...task, ...NOBODY_ASKED })).toEqual(['alice', 'bob', 'carol']);
  expect(watchersOf({ maker: 'alice', assignee: null, commenters: [], ...NOBODY_ASKED })).toEqual(['alice']);
});

it('who watches last said so, or was assigned since, or has to do with the task and never said no', () =>
  fc.assert(
    fc.property(fc.array(anyEvent), person, (events, one) => {
      const last = events.findLast(({ type, data }) => type !== 'TaskStatusChanged' && (data as { userId: string | null }).userId === one);
      const asked = events.findLast(({ type, data }) => /atched$/.test(type) && (data as { userId: string }).userId === one);
      const concerned = one !== 'dave' || asked?.type === 'TaskWatched';
      expect(watchersOf({ ...task, ...after(events) }).includes(one)).toBe(last?.type !== 'TaskUnwatched' && concerned);
    }),
  ));

it('nobody is both watching and away, nobody stands twice, and the same word again changes nothing', () =>
  fc.assert(
    fc.property(fc.array(anyEvent), anyEvent, (events, event) => {
      const once = after([...events, event]);
      const all = [...once.watching, ...once.away];
      expect(new Set(all).size).toBe(all.length);
      expect(watchingAfter(once, event)).toEqual(once);
    }),
  ));
