import { expect, it } from 'vitest';
import { byOf, byOrNobody } from './person-export.ts';

const ANN = '0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e01';

it.each([
  ['the person', ANN, 'you'],
  ['another user, or an API key', '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07', 'another'],
  ['the operator of the machine', 'operator', 'another'],
  ['this system', 'system', 'system'],
  ['a policy', 'policy:guards', 'system'],
  ['a worker', 'worker:scheduler', 'system'],
])('who did something is told without saying who others are: %s', (_, actor, by) => {
  expect([byOf(actor, ANN), byOrNobody(actor, ANN)]).toEqual([by, by]);
});

it('nobody is nobody', () => {
  expect(byOrNobody(null, ANN)).toBeNull();
});
