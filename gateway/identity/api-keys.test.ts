import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openLimits } from '../../platform/http/limits/limits.ts';
import { openApiKeys } from './api-keys.ts';
import { as, type Installation, openInstallation, type Reply } from './identity.fixture.ts';

const ADMIN = { email: 'admin@example.org', password: 'the admin of the tests' };
const ALICE = { name: 'Alice', email: 'alice@example.org', password: 'correct horse battery' };
const MAIL = { type: 'email', recipient: 'ann@example.org', content: 'It is here.' };

let here: Installation;
let admin: Record<string, string>;
const logIn = async ({ email, password }: { email: string; password: string }) =>
  as((await here.call('POST /api/login', { email, password })).body.accessToken);
const newKey = (body: object = { name: 'web shop' }): Promise<Reply> => here.call('POST /api/admin/api-keys', body, admin);

beforeEach(async () => {
  here = await openInstallation();
  await here.identity.ensureAdmin(ADMIN.email, ADMIN.password);
  admin = await logIn(ADMIN);
});
afterEach(() => here.close());

describe('an API key', () => {
  it('is shown once, when it is made, and stored nowhere readable', async () => {
    const made = await newKey();
    expect([made.status, made.headers.get('cache-control')]).toEqual([201, 'no-store']);
    expect(made.body).toEqual({
      id: expect.any(String),
      name: 'web shop',
      requestsPerMinute: 600,
      createdAt: expect.any(String),
      lastUsed: null,
      key: expect.stringMatching(/^tlk_[0-9a-f]{32}_[\w-]{43}$/),
    });
    const { key, ...shown } = made.body;
    const listed = await here.call('GET /api/admin/api-keys', undefined, admin);
    expect(listed.body).toEqual({ items: [shown] });
    expect((await here.call('POST /api/notifications/send', MAIL, as(key))).status).toBe(202);
    const secret = key.slice(-43);
    const written = ['secrets.db', 'secrets.db-wal', 'events.db', 'events.db-wal'].map((name) => readFileSync(join(here.dataDir, name), 'latin1'));
    expect([...written, ...here.lines].filter((text) => text.includes(secret))).toEqual([]);
    expect(here.stored('api-keys')).toEqual([made.body.id]);
  });

  it('lets another backend send and cancel; what it does is recorded as its own', async () => {
    const { key, id } = (await newKey()).body;
    const sent = await here.call('POST /api/notifications/send', MAIL, as(key));
    expect([sent.status, sent.body.status]).toEqual([202, 'pending']);
    expect((await here.call(`POST /api/notifications/${sent.body.id}/cancel`, undefined, { authorization: `bearer ${key}` })).status).toBe(200);
    const events = await here.events(`notification-${sent.body.id}`);
    expect(events.map(({ type, metadata }) => [type, metadata.actor])).toEqual([
      ['NotificationRequested', id],
      ['NotificationCancelled', id],
    ]);
  });

  it('is no user: rows for those who log in, and for admins, are not for it', async () => {
    const { key } = (await newKey()).body;
    const rows = ['GET /api/me', 'GET /api/sessions', 'DELETE /api/sessions', 'POST /api/tasks', 'POST /api/orders', 'POST /api/logout'];
    for (const row of [...rows, 'GET /api/admin/api-keys', 'POST /api/admin/api-keys'])
      expect([row, (await here.call(row, row.startsWith('POST') ? {} : undefined, as(key))).status]).toEqual([row, 403]);
    await expect(here.identity.authenticate(key)).rejects.toMatchObject({ code: 'unauthorized' });
  });

  it('that nobody made is refused, and told so', async () => {
    const { key } = (await newKey()).body;
    for (const wrong of [
      'tlk_',
      `${key}x`,
      `${key.slice(0, -1)}${key.endsWith('A') ? 'B' : 'A'}`,
      key.replace(/_.{8}/, '_00000000'),
      'tlk_%00',
      key.toUpperCase(),
    ]) {
      const { status, headers, body } = await here.call('POST /api/notifications/send', MAIL, as(wrong));
      expect([wrong, status, body.code]).toEqual([wrong, 401, 'unauthorized']);
      expect(headers.get('www-authenticate')).toContain('invalid_token');
    }
    expect(await here.events()).toHaveLength(2);
  });

  it('ends at once where it is revoked, and within five seconds in every other process', async () => {
    const { key, id } = (await newKey()).body;
    const elsewhere = openApiKeys(await options());
    await elsewhere.admit(key);
    expect((await here.call('POST /api/notifications/send', MAIL, as(key))).status).toBe(202);
    expect((await here.call(`DELETE /api/admin/api-keys/${id}`, undefined, admin)).status).toBe(204);
    expect((await here.call('POST /api/notifications/send', MAIL, as(key))).status).toBe(401);
    expect((await here.call(`DELETE /api/admin/api-keys/${id}`, undefined, admin)).status).toBe(404);
    here.advance(5_000);
    await expect(elsewhere.admit(key)).rejects.toMatchObject({ code: 'unauthorized' });
    expect((await here.call('GET /api/admin/api-keys', undefined, admin)).body).toEqual({ items: [] });
  });

  it('that is revoked while its use is being noted stays revoked', async () => {
    const keys = openApiKeys(await options());
    const { key, id } = await keys.issue({ name: 'web shop', requestsPerMinute: 10, madeBy: 'somebody' });
    const admitted = keys.admit(key);
    await Promise.all([admitted, keys.revoke(id)]).catch(() => {});
    await expect(keys.admit(key)).rejects.toMatchObject({ code: 'unauthorized' });
    expect(here.stored('api-keys')).toEqual([]);
  });

  it('may ask so often in a minute, each key for itself, and is told how often it still may', async () => {
    const [few, other] = [
      (await newKey({ name: 'few', requestsPerMinute: 2 })).body.key,
      (await newKey({ name: 'other', requestsPerMinute: 3 })).body.key,
    ];
    const first = await here.call('POST /api/notifications/send', MAIL, as(few));
    expect([first.headers.get('ratelimit-policy'), first.headers.get('ratelimit')]).toEqual(['"api-key";q=2;w=60', '"api-key";r=1;t=60']);
    expect((await here.call('GET /api/me', undefined, as(few))).status).toBe(403);
    const refused = await here.call('POST /api/notifications/send', MAIL, as(few));
    expect([refused.status, refused.body.code]).toEqual([429, 'limited']);
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(refused.headers.get('ratelimit')).toMatch(/^"api-key";r=0;t=\d+$/);
    expect((await here.call('POST /api/notifications/send', MAIL, as(other))).status).toBe(202);
    expect((await here.call('GET /api/me', undefined, admin)).headers.get('ratelimit')).toBeNull();
  });

  it('without a number of its own may ask as often as the limit of keys says, also where that is changed later', async () => {
    const made = await newKey({ name: 'no number', requestsPerMinute: undefined });
    expect(made.body.requestsPerMinute).toBe(600);
    const few = openApiKeys({ ...(await options()), limits: await openLimits('memory:', { 'api-key': 1 }) });
    const { headers } = await few.admit(made.body.key);
    expect(headers['RateLimit-Policy']).toBe('"api-key";q=1;w=60');
    await expect(few.admit(made.body.key)).rejects.toMatchObject({ code: 'limited' });
    expect((await few.list()).find(({ name }) => name === 'no number')?.requestsPerMinute).toBe(1);
  });

  it('shows the hour in which it was last used', async () => {
    const { key } = (await newKey()).body;
    const lastUsed = async () => (await here.call('GET /api/admin/api-keys', undefined, admin)).body.items[0].lastUsed;
    const use = async () => {
      const before = await lastUsed();
      await here.call('POST /api/notifications/send', MAIL, as(key));
      await vi.waitFor(async () => expect(await lastUsed()).not.toBe(before));
      return lastUsed();
    };
    const first = await use();
    expect(first).toMatch(/^\d{4}-\d\d-\d\dT\d\d:00:00\.000Z$/);
    here.advance(3_600_000);
    admin = await logIn(ADMIN);
    expect(Date.parse(await use()) - Date.parse(first)).toBe(3_600_000);
  });

  it.each([
    ['no name', {}, '/name'],
    ['an empty name', { name: '' }, '/name'],
    ['no requests', { name: 'a', requestsPerMinute: 0 }, '/requestsPerMinute'],
    ['half a request', { name: 'a', requestsPerMinute: 0.5 }, '/requestsPerMinute'],
    ['a role', { name: 'a', role: 'admin' }, '/role'],
  ])('with %s is not made', async (_, body, pointer) => {
    const { status, body: problem } = await newKey(body);
    expect([status, problem.errors[0].pointer]).toEqual([422, pointer]);
  });

  it('is made, seen and revoked by admins alone', async () => {
    await here.call('POST /api/users', ALICE);
    const alice = await logIn(ALICE);
    const { id } = (await newKey()).body;
    const rows: [string, object | undefined][] = [
      ['POST /api/admin/api-keys', { name: 'mine' }],
      ['GET /api/admin/api-keys', undefined],
      [`DELETE /api/admin/api-keys/${id}`, undefined],
    ];
    for (const [row, body] of rows) {
      expect((await here.call(row, body, alice)).status).toBe(403);
      expect((await here.call(row, body)).status).toBe(401);
    }
    expect(here.stored('api-keys')).toEqual([id]);
  });
});

/** What a second process has: the same secrets, and a memory of its own. */
async function options() {
  const { secrets, now = () => new Date(), clock } = here.identityOptions;
  return { secrets, limits: await openLimits('memory:'), now, clock };
}
