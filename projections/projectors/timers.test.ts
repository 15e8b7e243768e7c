import { expect, it } from 'vitest';
import { exampleEvent } from '../../contracts/catalog.ts';
import type { RecordedEvent } from '../../contracts/message.ts';
import { OutOfPlace } from '../projector.ts';
import { type TimerDocument, timers } from './timers.ts';

const TASK = exampleEvent('TaskCreated').stream;
const FIRST = '2027-01-31T16:00:00.000Z';
const SECOND = '2027-02-28T16:00:00.000Z';

const created = exampleEvent('TaskCreated', { data: { title: 'Lamp', maker: 'alice', priority: 'normal', labels: [], deadline: FIRST } });
const edited = (deadline: string | null | undefined) =>
  exampleEvent('TaskEdited', { data: { title: 'Lamps', ...(deadline === undefined ? {} : { deadline }) } });
const moved = (to: string) => exampleEvent('TaskStatusChanged', { data: { from: 'open', to } });
const fired = (kind: string, time: string) => exampleEvent('TimerFired', { data: { subject: TASK, kind, time } });
/** What is left to be told: of which deadline that it comes near, and of which that it has passed. */
function left(...events: RecordedEvent[]): (string | null | undefined)[] {
  const document = events.reduce<TimerDocument | null | undefined>((before, event) => timers.evolve(before, event), undefined);
  return [document?.dueSoonOf, document?.overdueOf];
}

it.each<[string, RecordedEvent[], (string | null)[]]>([
  ['of a new task both', [created], [FIRST, FIRST]],
  ['without a deadline nothing', [created, edited(null)], [null, null]],
  ['of another deadline both again', [created, fired('due_soon', FIRST), edited(SECOND)], [SECOND, SECOND]],
  ['an edit of something else changes nothing', [created, fired('due_soon', FIRST), edited(undefined)], [null, FIRST]],
  ['what has fired no more', [created, fired('overdue', FIRST)], [FIRST, null]],
  ['also where a deadline was changed and changed back', [created, fired('due_soon', FIRST), edited(SECOND), edited(FIRST)], [null, FIRST]],
  ['in progress still both', [created, moved('in-progress')], [FIRST, FIRST]],
  ['when it is done nothing', [created, moved('done')], [null, null]],
  ['when it is cancelled nothing', [created, moved('cancelled')], [null, null]],
  ['when it is opened again what had not fired', [created, fired('due_soon', FIRST), moved('done'), moved('open')], [null, FIRST]],
  ['when it is deleted nothing', [created, exampleEvent('TaskDeleted')], [null, null]],
  ['when it is back both', [created, exampleEvent('TaskDeleted'), exampleEvent('TaskRestored')], [FIRST, FIRST]],
])('%s is left to be told', (_, events, expected) => expect(left(...events)).toEqual(expected));

it('a timer is kept with its task', () => {
  expect(timers.key(fired('overdue', FIRST))).toBe(TASK.slice('task-'.length));
  expect(timers.key(created)).toBe(TASK.slice('task-'.length));
  expect(() => timers.evolve(undefined, fired('overdue', FIRST))).toThrow(OutOfPlace);
});

it('it does not grow with what has fired', () => {
  const many = Array.from({ length: 100 }, (_, n) => fired('due_soon', new Date(Date.parse(FIRST) + n).toISOString()));
  const document = [created, ...many].reduce<TimerDocument | null | undefined>((before, event) => timers.evolve(before, event), undefined);
  expect(document?.fired).toHaveLength(20);
  expect(document?.fired.at(-1)).toBe(`due_soon ${new Date(Date.parse(FIRST) + 99).toISOString()}`);
});
