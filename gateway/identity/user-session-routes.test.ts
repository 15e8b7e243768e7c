import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { as, type Installation, openInstallation } from './identity.fixture.ts';

const PASSWORD = 'correct horse battery';
const FIREFOX = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0';
let here: Installation;
let n = 0;
let ann: { id: string; email: string };
let admin: string;
let adminId: string;

const logIn = async (email: string): Promise<string> =>
  (await here.call('POST /api/login', { email, password: PASSWORD }, { 'user-agent': FIREFOX })).body.accessToken;
const sessionOf = async (token: string) => (await here.identity.authenticate(token)).sessionId;
const endOf = (session: string) => here.events(`session-${session}`);

beforeAll(async () => {
  here = await openInstallation();
  await here.identity.ensureAdmin('admin@example.org', PASSWORD);
  admin = await logIn('admin@example.org');
  adminId = (await here.identity.authenticate(admin)).id;
});
afterAll(() => here.close());
beforeEach(async () => {
  const email = `user${++n}@example.org`;
  ann = { id: (await here.call('POST /api/users', { name: 'Ann', email, password: PASSWORD })).body.id, email };
});

describe('the sessions of a user', () => {
  it('are listed for admins, with device, address and last use', async () => {
    const session = await sessionOf(await logIn(ann.email));
    const { status, body } = await here.call(`GET /api/users/${ann.id}/sessions`, undefined, as(admin));
    expect([status, body.items]).toMatchObject([200, [{ id: session, current: false, device: 'Firefox on Windows', ip: expect.any(String) }]]);
  });

  it('are ended by admins one by one, which the log tells sockets and other processes, with who did', async () => {
    const [one, two] = [await logIn(ann.email), await logIn(ann.email)];
    const session = await sessionOf(one);
    const ended = await here.call(`DELETE /api/users/${ann.id}/sessions/${session.toUpperCase()}`, undefined, as(admin));
    expect(ended.status).toBe(204);
    expect((await here.call('GET /api/me', undefined, as(one))).status).toBe(401);
    expect((await here.call('GET /api/me', undefined, as(two))).status).toBe(200);
    const told = { data: { userId: ann.id, reason: 'revoked' }, metadata: { actor: adminId, topics: [`user:${ann.id}`] } };
    expect(await endOf(session)).toMatchObject([told]);
  });

  it('are ended by admins all at once', async () => {
    const tokens = [await logIn(ann.email), await logIn(ann.email)];
    expect((await here.call(`DELETE /api/users/${ann.id}/sessions`, undefined, as(admin))).status).toBe(204);
    for (const token of tokens) expect((await here.call('GET /api/me', undefined, as(token))).status).toBe(401);
    expect((await here.call('GET /api/me', undefined, as(admin))).status).toBe(200);
  });

  it('are ended for their own user alone: another one’s session is not found', async () => {
    const session = await sessionOf(admin);
    for (const id of [session, 'nothing', ann.id])
      expect((await here.call(`DELETE /api/users/${ann.id}/sessions/${id}`, undefined, as(admin))).status).toBe(404);
    expect((await here.call(`GET /api/users/${session}/sessions`, undefined, as(admin))).status).toBe(404);
  });

  it('are neither shown to others nor ended by them', async () => {
    const token = await logIn(ann.email);
    for (const what of [`GET /api/users/${ann.id}/sessions`, `DELETE /api/users/${adminId}/sessions`])
      expect((await here.call(what, undefined, as(token))).status).toBe(403);
    expect((await here.call('GET /api/me', undefined, as(admin))).status).toBe(200);
  });
});
