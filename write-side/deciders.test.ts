import { expect, it } from 'vitest';
import type { AnyDecider } from './decider.ts';
import { type Deciders, deciders } from './deciders.ts';

it('the registry of deciders does not compile without a line for each aggregate that takes commands', () => {
  const { task, ...others } = deciders;
  // @ts-expect-error: tasks take commands, and their decider is missing
  const forgetful: Deciders = others;
  // @ts-expect-error: no contract has this category
  const unknown: Deciders = { ...deciders, nothing: task };
  expect([forgetful, unknown]).toBeDefined();
});

const each = Object.entries<AnyDecider>(deciders);

it.each(each)('invariant 17: the decider of %s leaves its state as it is at an event that it does not know', (_, { initial, evolve }) => {
  expect(evolve(initial, { type: 'SomethingNew', data: { exists: true } })).toBe(initial);
});
