import { expect, it } from 'vitest';
import { taskContract } from '../../contracts/task.ts';
import { validBody } from './validate.ts';

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
