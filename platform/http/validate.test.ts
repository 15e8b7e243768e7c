import { expect, it } from 'vitest';
import { z } from 'zod';
import { taskContract } from '../../contracts/task.ts';
import { queryNumber } from './query-schemas.ts';
import { validBody, validQuery } from './validate.ts';

const details = (schema: Parameters<typeof validBody>[0], body: unknown) => {
  try {
    validBody(schema, body);
  } catch (error) {
    return (error as { errors: { pointer: string; detail: string }[] }).errors.map(({ pointer, detail }) => `${pointer} ${detail}`);
  }
  return [];
};
const { CreateTask, AssignTask, ChangeTaskStatus } = taskContract.commands;

it('every wrong field is named, with what to do, in plain words', () => {
  expect(details(CreateTask.body, { title: 7, priority: 'soon', labels: 'x', 'a/b': 1 })).toEqual([
    '/title must be a string',
    '/priority must be one of low, normal, high, urgent',
    '/labels must be an array',
    '/a~1b is not a known field',
  ]);
});

it('what is missing is said to be required', () => {
  expect(details(CreateTask.body, {})).toEqual(['/title is required']);
  expect(details(AssignTask.body, {})).toEqual(['/userId is required']);
  expect(details(ChangeTaskStatus.body, { status: null })).toEqual(['/status must be one of open, in-progress, done, cancelled']);
  expect(details(ChangeTaskStatus.body, undefined)).toEqual([' is required']);
});

it('one rule of each field is named, in our words also where a schema has none, and names that a client made up are cut', () => {
  const schema = z.strictObject({
    text: z.string().max(3),
    list: z.array(z.string()).min(1),
    count: z.number().max(7),
    what: z.discriminatedUnion('is', [z.strictObject({ is: z.literal('a') }), z.strictObject({ is: z.literal('b') })]),
    choice: z.union([z.string(), z.boolean()]),
  });
  expect(details(schema, { text: ['a', 'b', 'c', 'd'], list: [], count: 8, what: { is: 'c' }, choice: 1, ['x'.repeat(1_000)]: 1 })).toEqual([
    '/text must be a string',
    '/list must have at least 1 items',
    '/count must be at most 7',
    '/what/is must be one of a, b',
    '/choice is not valid',
    `/${'x'.repeat(100)}… is not a known field`,
  ]);
  expect(details(schema.pick({ text: true }), { text: 'long' })).toEqual(['/text must have at most 3 characters']);
});

it.each(['1e3', '0x10', '+5', '5.0', ' 5', '', '0', '101', '-1', '٣'])('%j is no whole number of a query from 1 to 100', (text) => {
  expect(() => validQuery(z.strictObject({ limit: queryNumber(1, 100) }), { limit: text })).toThrow('Not valid: ?limit.');
});
