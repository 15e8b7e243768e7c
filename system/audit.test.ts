/** The audit log of a whole process: what people do at the door is in it, and nothing of what they typed. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { caller, type Reply } from './client.fixture.ts';
import { type Installation, openInstallation } from './system.fixture.ts';

let system: Installation;
beforeAll(async () => {
  system = await openInstallation({ LOG_LEVEL: 'info' });
});
afterAll(() => system?.remove());

type Entry = Record<'kind' | 'outcome' | 'row' | 'user' | 'about' | 'network', string> & { status: number; count: number };

async function entries(query: string): Promise<Entry[]> {
  const answer = await system.admin.ok(`GET /api/admin/audit?limit=200&${query}`);
  expect(answer.headers.get('cache-control')).toBe('no-store');
  return answer.body.items;
}

it('has logins, refusals, changes of roles, keys and their use, resets and read links, by who and where', async () => {
  const bob = await system.register('Bob');
  const wrong = { email: bob.email, password: 'not this one, surely' };
  for (let n = 0; n < 3; n++) expect(await system.call('POST /api/login', wrong)).toMatchObject({ status: 401 });
  await system.call('POST /api/login', { email: 'nobody-at-all@example.org', password: wrong.password });
  expect(await bob.call('GET /api/admin/audit')).toMatchObject({ status: 403 });
  expect(await system.call('GET /api/tasks')).toMatchObject({ status: 401 });
  await system.admin.ok(`PUT /api/users/${bob.id}/role`, { role: 'staff' });
  const { body: key } = await system.admin.ok('POST /api/admin/api-keys', { name: 'shop' });
  for (let n = 0; n < 5; n++) expect((await caller(system.url, key.key)('GET /api/notifications')).status).toBe(200);
  await system.admin.ok(`DELETE /api/admin/api-keys/${key.id}`);
  await system.admin.ok('POST /api/admin/projections/task_list/rebuild');
  await system.call('POST /api/password-resets', { email: bob.email });
  await expect.poll(async () => (await system.admin.ok(`GET /outbox?to=${encodeURIComponent(bob.email)}`)).text).toContain('http');
  await bob.ok('POST /api/logout');

  const ofBob = (await entries(`user=${bob.id}`)).map(({ kind, outcome, row }) => `${kind} ${outcome} ${row}`);
  for (const one of [
    'registration done POST /api/users',
    'login done POST /api/login',
    'login refused POST /api/login',
    'refusal refused GET /api/admin/audit',
    'role done PUT /api/users/:id/role',
    'password-reset done POST /api/password-resets',
    'logout done POST /api/logout',
  ])
    expect(ofBob).toContain(one);
  const [role] = await entries('kind=role');
  expect(role).toMatchObject({ user: system.admin.id, about: bob.id, status: 200, network: '127.0.0.1' });
  const failed = await entries('kind=login&outcome=refused&network=127.0.0.1');
  expect(failed.map(({ about, count }) => [about, count])).toEqual(
    expect.arrayContaining([
      [bob.id, 3],
      [null, 1],
    ]),
  );
  expect((await entries('kind=api-key')).map(({ row }) => row)).toEqual(['DELETE /api/admin/api-keys/:id', 'POST /api/admin/api-keys']);
  expect(await entries(`kind=key-use&user=${key.id}`)).toEqual([expect.objectContaining({ count: 5, row: 'GET /api/notifications' })]);
  expect(await entries('kind=outbox')).toEqual(expect.arrayContaining([expect.objectContaining({ user: system.admin.id, row: 'GET /outbox' })]));
  const ordered = { user: system.admin.id, outcome: 'done', row: 'POST /api/admin/projections/:name/rebuild' };
  expect(await entries('kind=operation')).toEqual([expect.objectContaining(ordered)]);
  expect((await entries('kind=refusal')).some(({ row, user }) => row === 'GET /api/tasks' && user === null)).toBe(true);
  expect(await entries('network=192.0.2.1')).toEqual([]);
});

it('has neither addresses nor what was typed, and no line of the process’s log has, which names user and network', async () => {
  const secret = 'a phrase that nobody else types';
  const typed = { email: `carol.${crypto.randomUUID()}@example.org`, name: 'Carol', password: secret };
  const answers: Reply[] = [await system.call('POST /api/users', typed), await system.call('POST /api/login', { ...typed, name: undefined })];
  answers.push(
    await system.call(`GET /api/users/${typed.email}`),
    await system.call(`GET /api/users/${encodeURIComponent(typed.email)}?q=${typed.email}`),
  );
  answers.push(await system.call('POST /api/password-resets', { email: typed.email }));
  expect(answers.map(({ status }) => status < 500)).toEqual(answers.map(() => true));
  const kept = JSON.stringify(await entries(''));
  const lines = () =>
    system
      .output()
      .split('\n')
      .filter((line) => line.startsWith('{'));
  await expect.poll(() => lines().some((line) => line.includes('"network":"127.0.0.1"') && line.includes(`"user":"${system.admin.id}"`))).toBe(true);
  // Who was not let in is not the one whose account it is.
  const { id, email } = await system.register('Dora');
  await system.call('POST /api/login', { email, password: 'not this one, surely' });
  const logins = () =>
    lines()
      .map((line) => JSON.parse(line))
      .filter(({ route, user, about }) => route === '/api/login' && [user, about].includes(id));
  await expect.poll(() => logins().map(({ status, user, about }) => [status, user, about])).toContainEqual([401, undefined, id]);
  expect(
    logins()
      .filter((line) => line.user === id)
      .every(({ status }) => status === 200),
  ).toBe(true);
  for (const text of [kept, ...lines()]) {
    expect(text).not.toContain('@');
    expect(text).not.toContain('%40');
    expect(text).not.toContain(secret);
  }
});

it('is read page by page, and refuses what is no page of it', async () => {
  const all = await entries('');
  const paged: Entry[] = [];
  for (let path: string | undefined = '/api/admin/audit?limit=3'; path; ) {
    const { body, headers } = await system.admin.ok(`GET ${path}`);
    paged.push(...body.items);
    path = /<(.*)>; rel="next"/.exec(headers.get('link') ?? '')?.[1];
  }
  expect(paged.slice(-all.length)).toEqual(all);
  for (const query of ['cursor=x', 'limit=0', 'kind=nothing', 'from=yesterday', 'more=1'])
    expect(await system.admin.call(`GET /api/admin/audit?${query}`)).toMatchObject({ status: 400, body: { code: 'invalid' } });
});
