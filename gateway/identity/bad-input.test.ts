import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { as, type Installation, openInstallation } from './identity.fixture.ts';

const PASSWORD = 'correct horse battery';
const EMAIL = 'alice@example.org';
const USER = { name: 'Alice', email: 'new@example.org', password: PASSWORD };
const LONG = 'x'.repeat(201);

let here: Installation;
let token: string;
let before: number;
beforeAll(async () => {
  here = await openInstallation();
  await here.call('POST /api/users', { name: 'Alice', email: EMAIL, password: PASSWORD });
  token = (await here.call('POST /api/login', { email: EMAIL, password: PASSWORD })).body.accessToken;
});
afterAll(() => here.close());
beforeEach(async () => {
  before = await everything();
});
afterEach(async () => expect(await everything(), 'something was recorded').toBe(before));

async function everything(): Promise<number> {
  const kept = ['credentials', 'sessions', 'codes', 'api-keys'].flatMap((kind) => here.stored(kind));
  return (await here.events()).length + (await here.bookkeeping()).length + kept.length;
}

const WITH_BODY = ['POST /api/users', 'POST /api/login', 'POST /api/token/refresh', 'PUT /api/me/password', 'POST /api/confirmations'];
const FOR_USERS = ['POST /api/logout', 'GET /api/sessions', 'DELETE /api/sessions', 'DELETE /api/sessions/x', 'GET /api/me', 'PUT /api/me/password'];

describe('bad input', () => {
  it.each(WITH_BODY)('%s: what is no JSON, no object or too long is refused', async (what) => {
    for (const [body, status] of [
      ['{"email":', 400],
      ['', 422],
      ['null', 422],
      ['[]', 422],
      ['"text"', 422],
      [JSON.stringify({ email: 'x'.repeat(1_100_000) }), 413],
    ] as const) {
      const reply = await here.call(what, body, as(token));
      expect([reply.status, reply.body.code], `${what} ${body.slice(0, 20)}`).toEqual([status, 'invalid']);
      expect(reply.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    }
    expect((await here.call(what, '{}', { ...as(token), 'content-type': 'text/plain' })).status).toBe(415);
  });

  it.each([
    ['POST /api/users', {}, ['/email', '/name']],
    ['POST /api/users', { ...USER, role: 'admin' }, ['/role']],
    ['POST /api/users', { ...USER, email: 'no address' }, ['/email']],
    ['POST /api/users', { ...USER, email: `${'x'.repeat(250)}@example.org` }, ['/email']],
    ['POST /api/users', { ...USER, name: ' ', password: 'short' }, ['/name', '/password']],
    ['POST /api/users', { ...USER, name: LONG, password: LONG }, ['/name', '/password']],
    ['POST /api/users', { ...USER, name: 7, email: null, password: [] }, ['/email', '/name', '/password']],
    ['POST /api/users', { ...USER, name: 'a\u0000b' }, ['/name']],
    ['POST /api/login', {}, ['/email', '/password']],
    ['POST /api/login', { email: { $ne: '' }, password: { $ne: '' } }, ['/email', '/password']],
    ['POST /api/login', { email: EMAIL, password: '' }, ['/password']],
    ['POST /api/login', { email: EMAIL, password: LONG.repeat(5) }, ['/password']],
    ['POST /api/login', { email: EMAIL, password: PASSWORD, remember: true }, ['/remember']],
    ['POST /api/token/refresh', {}, ['/refreshToken']],
    ['POST /api/token/refresh', { refreshToken: 7 }, ['/refreshToken']],
    ['POST /api/token/refresh', { refreshToken: LONG.repeat(3) }, ['/refreshToken']],
    ['PUT /api/me/password', {}, ['/current', '/new']],
    ['PUT /api/me/password', { current: PASSWORD, new: 'short' }, ['/new']],
    ['PUT /api/me/password', { current: 'a wrong password', new: PASSWORD }, ['/current']],
    ['POST /api/confirmations', {}, ['/password', '/token']],
    ['POST /api/confirmations', { token: '', password: PASSWORD }, ['/token']],
    ['POST /api/password-resets', { email: 'nobody' }, ['/email']],
    ['POST /api/password-resets/finish', { token: 'no such token', password: PASSWORD }, ['/token']],
    ['POST /api/confirmation-mails', {}, ['/email']],
    ['POST /api/confirmations', { token: 'no such token', password: PASSWORD }, ['/token']],
    ['POST /api/confirmations', { token: 'no such token', password: 'short', id: 1 }, ['/id', '/password']],
  ] as const)('%s %j names %j', async (what, body, pointers) => {
    const reply = await here.call(what, body, as(token));
    expect([reply.status, reply.body.code]).toEqual([422, 'invalid']);
    expect([...new Set(reply.body.errors.map((one: { pointer: string }) => one.pointer))].toSorted()).toEqual(pointers);
  });

  it.each(['', 'x', `${'x'.repeat(36)}.${'x'.repeat(43)}.${'0'.repeat(32)}`, '\u0000', '🙂'])(
    'a refresh token %j that is none',
    async (refreshToken) => {
      const reply = await here.call('POST /api/token/refresh', { refreshToken });
      expect(reply.status).toBe(refreshToken === '' ? 422 : 401);
    },
  );

  it.each(FOR_USERS)('%s without a token, or with a forged one, is refused', async (what) => {
    for (const headers of [{}, as('x.y.z'), { authorization: 'Basic eDp5' }, { authorization: 'Bearer' }]) {
      const reply = await here.call(what, what.startsWith('GET') ? undefined : {}, headers);
      expect([reply.status, reply.body.code]).toEqual([401, 'unauthorized']);
      expect(reply.headers.get('www-authenticate')).toMatch(/^Bearer/);
    }
  });

  it('a body where none belongs, an id that is none, a key that is none', async () => {
    expect((await here.call('POST /api/logout', { all: true }, as(token))).body.errors[0].pointer).toBe('/all');
    const badId = await here.call('DELETE /api/sessions/1', undefined, as(token));
    expect([badId.status, badId.body.errors[0].pointer]).toEqual([400, ':id']);
    expect((await here.call('DELETE /api/sessions/7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07', undefined, as(token))).status).toBe(404);
    const badKey = await here.call('POST /api/users', USER, { 'idempotency-key': 'x'.repeat(256) });
    expect([badKey.status, badKey.body.errors[0].pointer]).toEqual([400, 'Idempotency-Key']);
    expect((await here.call('GET /api/me?all=1', undefined, as(token))).status).toBe(400);
  });
});
