import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Installation, openInstallation } from './identity.fixture.ts';

const PASSWORD = 'staple of the month';
const NEXT = 'another long phrase';
let here: Installation;

beforeAll(async () => {
  here = await openInstallation({ limits: { 'code-tries': 2 } });
});
afterAll(() => here?.close());

it.each([
  ['/api/confirmations', 'confirm'],
  ['/api/password-resets/finish', 'reset'],
] as const)('codes for %s that are good for nothing are limited by network, and one that is good is not refused for them', async (path, purpose) => {
  const { body: user } = await here.call('POST /api/users', { name: 'Ann', email: `ann.${purpose}@example.org`, password: PASSWORD });
  const finish = (token: string) => here.call(`POST ${path}`, { token, password: NEXT }, { 'x-forwarded-for': `10.2.0.${path.length}` });
  const tried = [await finish('a'), await finish('b'), await finish('c')];
  expect(tried.map(({ status, body }) => [status, body.code])).toEqual([
    [422, 'invalid'],
    [422, 'invalid'],
    [429, 'limited'],
  ]);
  expect(Number(tried[2]?.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await finish(await here.identity.issueCode(user.id, purpose))).status).toBe(200);
});
