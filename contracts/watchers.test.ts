import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { TaskEvent } from './task.ts';
import { latestCommenters, MOST_AWAY, MOST_COMMENTERS, NOBODY_ASKED, type Watching, watchersOf, watchingAfter } from './watchers.ts';

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

it('so many commenters watch as are remembered: the latest, each once, whether they are folded one by one or all at once', () =>
  fc.assert(
    fc.property(fc.array(fc.nat(150).map(String), { maxLength: 400 }), (authors) => {
      const latest = latestCommenters(authors);
      expect(authors.reduce<string[]>((before, author) => latestCommenters(before.concat(author)), [])).toEqual(latest);
      expect(latest.length).toBe(Math.min(new Set(authors).size, MOST_COMMENTERS));
      expect(latest.at(-1)).toBe(authors.at(-1));
    }),
  ));

it('of so many who asked not to watch it is remembered, and no more: the latest', () => {
  const { away } = after(Array.from({ length: MOST_AWAY + 3 }, (_, n): TaskEvent => ({ type: 'TaskUnwatched', data: { userId: `user-${n}` } })));
  expect(away).toHaveLength(MOST_AWAY);
  expect([away[0], away.at(-1)]).toEqual(['user-3', `user-${MOST_AWAY + 2}`]);
});
