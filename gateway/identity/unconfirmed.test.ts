import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { as, type Installation, openInstallation } from './identity.fixture.ts';

const ANN = { name: 'Ann', email: 'ann@example.org', password: 'correct horse battery' };
const TASK = { title: 'Replace the lamp' };

async function openWith(unconfirmed: 'none' | 'read' | 'all') {
  const here = await openInstallation({ unconfirmed });
  const id = (await here.call('POST /api/users', ANN)).body.id;
  const login = async () => (await here.call('POST /api/login', { email: ANN.email, password: ANN.password })).body.accessToken as string;
  return { here, id, login, token: await login() };
}

describe.each([
  ['none', [200, 200, 403, 403, 403]],
  ['read', [200, 200, 403, 403, 200]],
  ['all', [200, 200, 201, 204, 200]],
] as const)('an account whose address is not confirmed, with UNCONFIRMED=%s', (unconfirmed, expected) => {
  let it_: Awaited<ReturnType<typeof openWith>>;
  let here: Installation;
  beforeAll(async () => {
    it_ = await openWith(unconfirmed);
    here = it_.here;
  });
  afterAll(() => here.close());

  it('logs in and sees its own profile; what it may do beyond follows the setting', async () => {
    const by = as(it_.token);
    const statuses = [];
    for (const [what, body] of [['GET /api/me'], ['GET /api/sessions'], ['POST /api/tasks', TASK]] as const)
      statuses.push((await here.call(what, body, by)).status);
    statuses.push((await here.call('PUT /api/me/password', { current: ANN.password, new: 'staple of the month' }, by)).status);
    const live = await here.identity.authenticate(it_.token).then(
      () => 200,
      ({ status }) => status,
    );
    expect([...statuses, live]).toEqual(expected);
  });

  it('is told what to do where it is refused', async () => {
    const { status, body } = await here.call('POST /api/tasks', TASK, as(it_.token));
    if (status === 403) expect(body.detail).toContain('POST /api/confirmation-mails');
    else expect(status).toBe(201);
  });

  it('may do everything once it is confirmed', async () => {
    await here.call('POST /api/confirmations', { token: await here.identity.issueCode(it_.id, 'confirm'), password: ANN.password });
    expect((await here.call('POST /api/tasks', TASK, as(await it_.login()))).status).toBe(201);
  });
});
