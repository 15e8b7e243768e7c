import { afterAll, beforeAll, expect, it } from 'vitest';
import { CHOOSABLE } from '../../contracts/notification-choices.ts';
import { type Installation, openInstallation } from '../../system/system.fixture.ts';

let system: Installation;
beforeAll(async () => {
  system = await openInstallation();
}, 240_000);
afterAll(() => system?.remove());

type Item = { kind: string; channels: string[]; chosen: boolean };

it('everybody chooses the channels of each kind that can be turned off, and of no other', { timeout: 120_000 }, async () => {
  const alice = await system.register('Alice');
  const { body } = await alice.ok('GET /api/me/notifications');
  expect(body.items.map(({ kind }: Item) => kind)).toEqual(CHOOSABLE);
  const put = await alice.ok('PUT /api/me/notifications', { comment_added: ['email'], overdue: [] });
  const chosen = (put.body.items as Item[]).filter((one) => one.chosen).map(({ kind, channels }) => [kind, channels]);
  expect(chosen).toEqual([
    ['comment_added', ['email']],
    ['overdue', []],
  ]);
  expect((await alice.ok('PUT /api/me/notifications', { due_soon: ['in-app'] })).body.items.filter((one: Item) => one.chosen)).toHaveLength(3);
  for (const wrong of [{ password_changed: [] }, { confirm_registration: ['in-app'] }, { overdue: ['pigeon'] }, { overdue: ['email', 'email'] }])
    expect((await alice.call('PUT /api/me/notifications', wrong)).status).toBe(422);
  expect((await system.call('GET /api/me/notifications')).status).toBe(401);
});
