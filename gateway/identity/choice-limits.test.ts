/** Changes of choices at a gateway: each counts, one that changes nothing is recorded nowhere, and a key belongs to one body. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { as, type Installation, openInstallation } from './identity.fixture.ts';

let here: Installation;
let own: Record<string, string>;
let id: string;
beforeAll(async () => {
  here = await openInstallation({ limits: { 'stream-commands': 5 } });
  const account = { email: 'chooser@example.org', password: 'correct horse battery' };
  id = (await here.call('POST /api/users', { ...account, name: 'Ann' })).body.id;
  own = as((await here.call('POST /api/login', account)).body.accessToken);
});
afterAll(() => here.close());

const put = (body: object, headers = {}) => here.call('PUT /api/me/notifications', body, { ...own, ...headers });

it('choices count with the commands on a user, and channels in another order are no change', async () => {
  const keyed = { 'idempotency-key': 'a key of mine' };
  expect((await put({ overdue: ['in-app', 'email'] }, keyed)).status).toBe(200);
  expect((await put({ overdue: ['in-app', 'email'] }, keyed)).status).toBe(200);
  expect((await put({ overdue: [] }, keyed)).body.errors).toEqual([{ pointer: 'Idempotency-Key', detail: 'belongs to another body' }]);
  expect((await put({ overdue: ['email', 'in-app'] })).headers.get('ratelimit')).toContain('"stream-commands";r=3');
  expect((await here.events(`user-${id}`)).filter(({ type }) => type === 'NotificationsChosen')).toHaveLength(1);
  const statuses: number[] = [];
  for (let n = 0; n < 4; n++) statuses.push((await put({ overdue: n % 2 ? ['email'] : [] })).status);
  expect(statuses).toEqual([200, 200, 200, 429]);
});
