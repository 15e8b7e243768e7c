import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { as, type Installation, openInstallation } from './identity.fixture.ts';
import { openIdentity } from './identity.ts';

const PASSWORD = 'correct horse battery';
let here: Installation;
let n = 0;
let email: string;
let userId: string;
beforeAll(async () => {
  here = await openInstallation();
});
afterAll(() => here.close());
beforeEach(async () => {
  email = `user${++n}@example.org`;
  userId = (await here.call('POST /api/users', { name: `User ${n}`, email, password: PASSWORD })).body.id;
});

/** Each account comes from a network of its own, so that tests do not limit each other. */
const from = () => ({ 'x-forwarded-for': `10.0.0.${n}` });
const login = (password = PASSWORD, headers: Record<string, string> = {}) =>
  here.call('POST /api/login', { email, password }, { ...from(), ...headers });
const tokens = async () => (await login()).body;
const me = (accessToken: string) => here.call('GET /api/me', undefined, as(accessToken));
const refresh = (refreshToken: string) => here.call('POST /api/token/refresh', { refreshToken });
const sessionIn = (accessToken: string): string => JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString()).sid;
const endOf = (accessToken: string) => here.events(`session-${sessionIn(accessToken)}`);

describe('login', () => {
  it('answers a pair of tokens and who one is', async () => {
    const { status, body, headers } = await login();
    expect(status).toBe(200);
    expect(body).toEqual({
      accessToken: expect.any(String),
      refreshToken: expect.any(String),
      device: expect.any(String),
      expiresIn: 900,
      user: { id: userId, name: `User ${n}`, role: 'member' },
    });
    expect(headers.get('cache-control')).toBe('no-store');
    const { status: known, body: self } = await me(body.accessToken);
    expect([known, self]).toEqual([200, { id: userId, name: `User ${n}`, email, role: 'member', confirmed: false, password: true, sms: false }]);
    expect(await here.identity.authenticate(body.accessToken)).toMatchObject({ id: userId, role: 'member', seesAll: true });
  });

  it('answers the same to a wrong password and to an unknown account', async () => {
    const wrong = await login('a wrong password');
    const unknown = await here.call('POST /api/login', { email: 'nobody@example.org', password: PASSWORD }, from());
    expect(wrong.status).toBe(401);
    expect(wrong.headers.get('www-authenticate')).toBe('Bearer');
    expect({ ...wrong.body, instance: '' }).toEqual({ ...unknown.body, instance: '' });
  });

  it('is limited after ten failures for an account and network, also when they come at once', async () => {
    const failures = await Promise.all(Array.from({ length: 15 }, () => login('a wrong password')));
    expect(failures.map((one) => one.status).toSorted()).toEqual([...Array(10).fill(401), ...Array(5).fill(429)]);
    const right = await login();
    expect([right.status, right.body.code]).toEqual([429, 'limited']);
    expect(right.headers.get('ratelimit-policy')).toBe('"login-account-ip";q=10;w=900');
    expect(Number(right.headers.get('retry-after'))).toBeGreaterThan(800);
    expect((await login(PASSWORD, { 'x-forwarded-for': '198.51.100.7' })).status).toBe(200);
  });

  it('uses up no failures with successes, and forgets failures after one', async () => {
    const many = await Promise.all(Array.from({ length: 51 }, () => login()));
    expect(new Set(many.map((one) => one.status))).toEqual(new Set([200]));
    for (let round = 0; round < 2; round++) {
      for (let failures = 0; failures < 9; failures++) expect((await login('a wrong password')).status).toBe(401);
      expect((await login()).status).toBe(200);
    }
  });

  it('is as before after fifty failures for an account from anywhere, but each strange network has two tries then', async () => {
    const wrong = (k: number) => login('a wrong password', { 'x-forwarded-for': `203.0.113.${k}` });
    const statuses = (await Promise.all(Array.from({ length: 51 }, (_, k) => wrong(k)))).map((one) => one.status);
    expect(new Set(statuses)).toEqual(new Set([401]));
    expect([(await wrong(99)).status, (await wrong(99)).status, (await wrong(99)).status]).toEqual([401, 401, 429]);
    expect((await login()).status).toBe(200);
  });

  it('is limited after a hundred failures for a network at any accounts', async () => {
    const network = { 'x-forwarded-for': '192.0.2.200' };
    const wrong = (k: number) => here.call('POST /api/login', { email: `nobody${k % 40}@example.org`, password: 'a wrong password' }, network);
    const statuses = (await Promise.all(Array.from({ length: 101 }, (_, k) => wrong(k)))).map((one) => one.status);
    expect(statuses.filter((status) => status === 429)).toHaveLength(1);
    expect((await login(PASSWORD, network)).status).toBe(429);
  });

  it('fails for a user who was deleted; their sessions, tokens and password are gone', async () => {
    const { accessToken, refreshToken } = await tokens();
    expect((await here.call(`DELETE /api/users/${userId}`, undefined, as(accessToken))).status).toBe(200);
    expect((await login()).status).toBe(401);
    expect((await me(accessToken)).status).toBe(401);
    expect((await refresh(refreshToken)).status).toBe(401);
    expect(await endOf(accessToken)).toMatchObject([{ type: 'SessionEnded', data: { userId, reason: 'deleted' } }]);
    expect(await here.secrets.get('credentials', userId)).toBeNull();
  });

  it('and refresh fail for a user who was deleted elsewhere, and end what is left', async () => {
    const { accessToken, refreshToken } = await tokens();
    const actor = { id: userId, role: 'member', seesAll: true } as const;
    const command = { type: 'DeleteUser', stream: `user-${userId}`, id: userId, data: null, commandId: userId, actor, now: '' };
    await here.commands.handle(command, { correlationId: userId });
    expect((await login()).status).toBe(401);
    expect((await refresh(refreshToken)).status).toBe(401);
    expect(await endOf(accessToken)).toMatchObject([{ data: { reason: 'deleted' } }]);
  });
});

describe('access tokens', () => {
  it('have the role of the moment', async () => {
    const { accessToken } = await tokens();
    expect((await me(accessToken)).body.role).toBe('member');
    const actor = { id: 'system', role: 'system', seesAll: true } as const;
    const command = { type: 'ChangeUserRole', stream: `user-${userId}`, id: userId, data: { role: 'resident' }, commandId: userId, actor, now: '' };
    await here.commands.handle(command, { correlationId: userId });
    here.identity.onUserChanged(userId);
    expect(await here.identity.authenticate(accessToken)).toMatchObject({ role: 'resident', seesAll: false });
  });

  it('are asked for, and refused when they are not ours', async () => {
    const none = await here.call('GET /api/me');
    expect([none.status, none.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    const forged = await me(`${(await tokens()).accessToken}x`);
    expect([forged.status, forged.body.code]).toEqual([401, 'unauthorized']);
    expect(forged.headers.get('www-authenticate')).toMatch(/^Bearer error="invalid_token"/);
  });
});

describe('refresh', () => {
  it('answers a fresh pair for the same session', async () => {
    const first = await tokens();
    const { status, body, headers } = await refresh(first.refreshToken);
    expect([status, body.user, headers.get('cache-control')]).toEqual([200, first.user, 'no-store']);
    expect(body.refreshToken).not.toBe(first.refreshToken);
    expect(sessionIn(body.accessToken)).toBe(sessionIn(first.accessToken));
    expect((await me(body.accessToken)).status).toBe(200);
  });

  it('with a token used up before ends the session, its access tokens too', async () => {
    const first = await tokens();
    const second = (await refresh(first.refreshToken)).body;
    await refresh(second.refreshToken);
    expect((await me(second.accessToken)).status).toBe(200);
    const { status, body, headers } = await refresh(first.refreshToken);
    expect([status, body.code]).toEqual([401, 'unauthorized']);
    expect(headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
    expect((await me(second.accessToken)).status).toBe(401);
    expect(await endOf(first.accessToken)).toMatchObject([{ data: { reason: 'reused' }, metadata: { actor: 'system', topics: [`user:${userId}`] } }]);
  });
});

describe('sessions', () => {
  it('are listed with where they come from, the present one marked', async () => {
    const first = (await login(PASSWORD, { 'user-agent': 'first browser' })).body;
    here.advance(1_000);
    const second = (await login(PASSWORD, { 'user-agent': 'second browser' })).body;
    const { status, body } = await here.call('GET /api/sessions', undefined, as(first.accessToken));
    expect(status).toBe(200);
    const times = { createdAt: expect.any(String), lastUsedAt: expect.any(String), endsAt: expect.any(String) };
    const common = { ...times, ip: `10.0.0.${n}`, device: 'an unknown device' };
    expect(body).toEqual({
      items: [
        { id: sessionIn(second.accessToken), current: false, userAgent: 'second browser', ...common },
        { id: sessionIn(first.accessToken), current: true, userAgent: 'first browser', ...common },
      ],
    });
  });

  it('end by logging out: tokens at once, and the log says so', async () => {
    const { accessToken, refreshToken } = await tokens();
    expect((await me(accessToken)).status).toBe(200);
    const { status, body } = await here.call('POST /api/logout', undefined, as(accessToken));
    expect([status, body]).toEqual([204, undefined]);
    expect((await me(accessToken)).status).toBe(401);
    expect((await refresh(refreshToken)).status).toBe(401);
    expect((await here.call('POST /api/logout', undefined, as(accessToken))).status).toBe(401);
    expect(await endOf(accessToken)).toMatchObject([
      { type: 'SessionEnded', revision: 0, data: { userId, reason: 'logout' }, metadata: { actor: userId, schema: 1 } },
    ]);
  });

  it('end one by one, or all others', async () => {
    const [one, two, three] = [await tokens(), await tokens(), await tokens()];
    const gone = await here.call(`DELETE /api/sessions/${sessionIn(two.accessToken).toUpperCase()}`, undefined, as(one.accessToken));
    expect(gone.status).toBe(204);
    expect((await me(two.accessToken)).status).toBe(401);
    expect(await endOf(two.accessToken)).toMatchObject([{ data: { reason: 'revoked' } }]);
    expect((await here.call('DELETE /api/sessions', undefined, as(one.accessToken))).status).toBe(204);
    expect((await me(three.accessToken)).status).toBe(401);
    expect((await me(one.accessToken)).status).toBe(200);
  });

  it('of others cannot be ended', async () => {
    const mine = await tokens();
    const other = { email: `other${n}@example.org`, password: PASSWORD };
    await here.call('POST /api/users', { ...other, name: 'Other' });
    const theirs = (await here.call('POST /api/login', other, from())).body;
    const { status, body } = await here.call(`DELETE /api/sessions/${sessionIn(theirs.accessToken)}`, undefined, as(mine.accessToken));
    expect([status, body.code]).toEqual([404, 'not_found']);
    expect((await me(theirs.accessToken)).status).toBe(200);
  });
});

describe('the password', () => {
  const change = (accessToken: string, body: unknown) => here.call('PUT /api/me/password', body, { ...as(accessToken), ...from() });

  it('is changed by who knows it; all other sessions end', async () => {
    const [one, two] = [await tokens(), await tokens()];
    expect((await change(one.accessToken, { current: PASSWORD, new: 'staple of the month' })).status).toBe(204);
    expect((await me(one.accessToken)).status).toBe(200);
    expect((await me(two.accessToken)).status).toBe(401);
    expect(await endOf(two.accessToken)).toMatchObject([{ data: { reason: 'password' } }]);
    expect((await login()).status).toBe(401);
    expect((await login('staple of the month')).status).toBe(200);
  });

  it('is not changed by who does not; tries count as tries to log in', async () => {
    const { accessToken } = await tokens();
    const wrong = () => change(accessToken, { current: 'a wrong password', new: 'staple of the month' });
    const first = await wrong();
    expect([first.status, first.body.errors[0].pointer]).toEqual([422, '/current']);
    for (let k = 1; k < 10; k++) await wrong();
    expect((await wrong()).status).toBe(429);
    expect((await login()).status).toBe(429);
  });

  it('is changed by one of two at once', async () => {
    const { accessToken } = await tokens();
    const both = await Promise.all(['first new password', 'second new password'].map((one) => change(accessToken, { current: PASSWORD, new: one })));
    expect(both.map((one) => one.status).toSorted()).toEqual([204, 422]);
  });

  it('changed while somebody logs in with the old one leaves them no session', async () => {
    const { accessToken } = await tokens();
    const { secrets } = here;
    const put: typeof secrets.put = async (kind, ...rest) => {
      if (kind === 'sessions') await change(accessToken, { current: PASSWORD, new: 'staple of the month' });
      return secrets.put(kind, ...rest);
    };
    const slow = await openIdentity({ ...here.identityOptions, secrets: { ...secrets, put } });
    const row = slow.routes.find((one) => one.path === '/api/login');
    const request = { params: {}, query: {}, caller: null, header: () => undefined, ip: '192.0.2.1', requestId: 'request-1' };
    await expect(row?.handle({ ...request, body: { email, password: PASSWORD } })).rejects.toMatchObject({ code: 'unauthorized' });
    expect((await secrets.list('sessions', userId)).map((one) => one.key)).toEqual([sessionIn(accessToken)]);
  });
});
