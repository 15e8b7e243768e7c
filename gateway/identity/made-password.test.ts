import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FIRST_NEEDED } from '../../contracts/problem.ts';
import { OPERATOR } from '../operator.ts';
import { as, type Installation, openInstallation } from './identity.fixture.ts';

const EMAIL = 'root@example.org';
const OWN = 'three lamps and a ladder';
let here: Installation;
beforeAll(async () => {
  here = await openInstallation({ limits: { registration: 1_000 } });
});
afterAll(() => here.close());

const login = async (email: string, password: string, at = here) => (await at.call('POST /api/login', { email, password })).body;
/** Has the operator do something to an account; resolves to the answer's body. */
async function order(body: object, at = here) {
  const route = at.identity.routes.find((one) => one.path === '/api/admin/accounts');
  const request = { params: {}, query: {}, caller: OPERATOR, header: () => undefined, ip: '127.0.0.1', requestId: crypto.randomUUID(), body };
  return (await route?.handle(request))?.body as { id: string; password?: string };
}
const resetOf = (email: string) => order({ order: 'reset-password', email });
const change = (token: string, current: string, next: string, at = here) => at.call('PUT /api/me/password', { current, new: next }, as(token));

describe('a password that was made for somebody', () => {
  it('is good for seeing oneself and choosing another one, and then everything is open, in sessions that began before, too', async () => {
    const made = (await here.identity.ensureAdmin(EMAIL)) ?? '';
    const [{ accessToken, refreshToken, user }, other] = [await login(EMAIL, made), await login(EMAIL, made)];
    expect(user.confined).toBe('password');
    expect((await here.call('GET /api/me', undefined, as(accessToken))).status).toBe(200);
    for (const what of ['GET /api/admin/api-keys', 'GET /api/me/second-factor', 'POST /api/me/second-factor', 'POST /api/tasks']) {
      const refused = await here.call(what, what.startsWith('POST') ? { title: 'A lamp' } : undefined, as(accessToken));
      expect([what, refused.status, refused.body.type, refused.body.detail]).toEqual([
        ...[what, 403, FIRST_NEEDED.password],
        expect.stringContaining('PUT /api/me/password'),
      ]);
    }
    await expect(here.identity.authenticate(accessToken)).rejects.toMatchObject({ code: 'forbidden' });
    const refreshed = (await here.call('POST /api/token/refresh', { refreshToken })).body;
    expect(refreshed.user.confined).toBe('password');

    expect((await change(accessToken, made, OWN)).status).toBe(204);
    expect(await here.identity.authenticate(accessToken)).toMatchObject({ role: 'admin' });
    expect((await here.call('POST /api/token/refresh', { refreshToken: refreshed.refreshToken })).body.user).not.toHaveProperty('confined');
    expect((await here.call('GET /api/me', undefined, as(other.accessToken))).status).toBe(401);
    expect((await login(EMAIL, OWN)).user).not.toHaveProperty('confined');
  });

  it('is changed to another one, which is as good as any', async () => {
    await order({ order: 'create', email: 'ann@example.org', name: 'Ann', role: 'member' });
    const { password: made = '' } = await resetOf('ann@example.org');
    const { accessToken } = await login('ann@example.org', made);
    const same = await change(accessToken, made, made);
    expect([same.status, same.body.errors]).toEqual([422, [{ pointer: '/new', detail: 'must be another one than you have' }]]);
    expect((await change(accessToken, made, 'short')).status).toBe(422);
    expect((await change(accessToken, 'not the made one', OWN)).status).toBe(422);
    expect((await login('ann@example.org', made)).user.confined).toBe('password');
    expect((await change(accessToken, made, OWN)).status).toBe(204);
    expect((await change(accessToken, OWN, OWN)).status).toBe(422);
  });

  it('is made by the operator’s create and reset-password, and is none where the operator chose it', async () => {
    const { password = '' } = await order({ order: 'create', email: 'ben@example.org', name: 'Ben', role: 'staff' });
    expect((await login('ben@example.org', password)).user.confined).toBe('password');
    await order({ order: 'reset-password', email: 'ben@example.org', password: OWN });
    expect((await login('ben@example.org', OWN)).user).not.toHaveProperty('confined');
    await order({ order: 'create', email: 'cleo@example.org', name: 'Cleo', role: 'staff', password: OWN });
    expect((await login('cleo@example.org', OWN)).user).not.toHaveProperty('confined');
  });

  it('may be replaced by a mailed link, too', async () => {
    const { id } = await order({ order: 'create', email: 'dora@example.org', name: 'Dora', role: 'staff' });
    const token = await here.identity.issueCode(id, 'reset');
    expect((await here.call('POST /api/password-resets/finish', { token, password: OWN })).status).toBe(200);
    expect((await login('dora@example.org', OWN)).user).not.toHaveProperty('confined');
  });
});

describe('where more is lacking', () => {
  it('an address that lets nobody in is confirmed first, then a password chosen, then a second factor set up', async () => {
    const strict = await openInstallation({ unconfirmed: 'none', requireSecondFactor: ['member'] });
    try {
      const email = 'emma@example.org';
      await strict.call('POST /api/users', { name: 'Emma', email, password: 'correct horse battery' });
      const { password = '' } = await order({ order: 'reset-password', email }, strict);
      const confined = async (typed: string) => (await login(email, typed, strict)).user.confined;
      expect(await confined(password)).toBe('profile');
      await order({ order: 'confirm', email }, strict);
      expect(await confined(password)).toBe('password');
      const { accessToken } = await login(email, password, strict);
      expect((await change(accessToken, password, OWN, strict)).status).toBe(204);
      expect(await confined(OWN)).toBe('second-factor');
    } finally {
      await strict.close();
    }
  });

  it('where an unconfirmed address lets one read, the password is chosen before', async () => {
    const reading = await openInstallation({ unconfirmed: 'read' });
    try {
      const email = 'fritz@example.org';
      await reading.call('POST /api/users', { name: 'Fritz', email, password: 'correct horse battery' });
      const { password = '' } = await order({ order: 'reset-password', email }, reading);
      const { accessToken, user } = await login(email, password, reading);
      expect(user.confined).toBe('password');
      expect((await change(accessToken, password, OWN, reading)).status).toBe(204);
      expect((await login(email, OWN, reading)).user.confined).toBe('read');
    } finally {
      await reading.close();
    }
  });
});
