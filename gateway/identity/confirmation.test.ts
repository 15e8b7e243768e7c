import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { as, type Installation, openInstallation } from './identity.fixture.ts';

const PASSWORD = 'correct horse battery';
let here: Installation;
let n = 0;
let email: string;
beforeAll(async () => {
  here = await openInstallation();
});
afterAll(() => here.close());
beforeEach(() => {
  email = `user${++n}@example.org`;
});

const register = async (more = {}): Promise<string> => (await here.call('POST /api/users', { name: 'Alice', email, ...more })).body.id;
const confirm = (token: string, more = {}) => here.call('POST /api/confirmations', { token, ...more });
const login = (password: string) => here.call('POST /api/login', { email, password }, { 'x-forwarded-for': `10.0.0.${n}` });
const types = async (id: string) => (await here.events(`user-${id}`)).map((one) => one.type);

describe('confirmation', () => {
  it('confirms the address, once', async () => {
    const id = await register({ password: PASSWORD });
    const [code, another] = [await here.identity.issueCode(id, 'confirm'), await here.identity.issueCode(id, 'confirm')];
    const { status, body } = await confirm(code);
    expect([status, body]).toEqual([200, { id, confirmed: true, passwordSet: false }]);
    expect((await here.events(`user-${id}`)).at(-1)).toMatchObject({ type: 'UserConfirmed', metadata: { actor: 'system' } });
    for (const used of [code, another]) {
      const again = await confirm(used);
      expect([again.status, again.body.code, again.body.errors[0].pointer]).toEqual([422, 'invalid', '/token']);
    }
    const { accessToken } = (await login(PASSWORD)).body;
    expect((await here.call('GET /api/me', undefined, as(accessToken))).body.confirmed).toBe(true);
  });

  it('asks for a password where there is none, and sets it', async () => {
    const id = await register();
    const code = await here.identity.issueCode(id, 'confirm');
    const asked = await confirm(code);
    expect([asked.status, asked.body.errors[0].pointer]).toEqual([422, '/password']);
    expect(await types(id)).toEqual(['UserCreated']);
    expect((await confirm(code, { password: 'short' })).status).toBe(422);
    expect((await confirm(code, { password: PASSWORD })).body).toEqual({ id, confirmed: true, passwordSet: true });
    expect((await login(PASSWORD)).status).toBe(200);
  });

  it('never replaces a password', async () => {
    const id = await register({ password: PASSWORD });
    const { body } = await confirm(await here.identity.issueCode(id, 'confirm'), { password: 'another password' });
    expect(body.passwordSet).toBe(false);
    expect([(await login(PASSWORD)).status, (await login('another password')).status]).toEqual([200, 401]);
  });

  it('sets one password when two come at once with one token', async () => {
    const code = await here.identity.issueCode(await register(), 'confirm');
    const passwords = ['first password', 'second password'];
    const both = await Promise.all(passwords.map((password) => confirm(code, { password })));
    expect(both.filter((one) => one.body.passwordSet === true)).toHaveLength(1);
    const logins = await Promise.all(passwords.map((password) => login(password)));
    expect(logins.map((one) => one.status).toSorted()).toEqual([200, 401]);
  });

  it('is too late after 48 hours, after a change of address, and after the user was deleted', async () => {
    const id = await register({ password: PASSWORD });
    const late = await here.identity.issueCode(id, 'confirm');
    here.advance(48 * 3_600_000);
    expect((await confirm(late)).status).toBe(422);
    const moved = await here.identity.issueCode(id, 'confirm');
    const { accessToken } = (await login(PASSWORD)).body;
    expect((await here.call(`PATCH /api/users/${id}`, { email: `moved${email}` }, as(accessToken))).status).toBe(200);
    expect((await confirm(moved)).status).toBe(422);
    const gone = await here.identity.issueCode(id, 'confirm');
    expect((await here.call(`DELETE /api/users/${id}`, undefined, as(accessToken))).status).toBe(200);
    expect((await confirm(gone)).status).toBe(422);
    expect(await types(id)).not.toContain('UserConfirmed');
    await expect(here.identity.issueCode(id, 'confirm')).rejects.toThrow(/there is none/);
  });

  it('keeps the last twenty codes of a user', async () => {
    const id = await register({ password: PASSWORD });
    const codes: string[] = [];
    for (let k = 0; k < 21; k++) {
      here.advance(1);
      codes.push(await here.identity.issueCode(id, 'confirm'));
    }
    expect(await here.secrets.list('codes', id)).toHaveLength(20);
    expect((await confirm(codes[0] ?? '')).status).toBe(422);
    expect((await confirm(codes[1] ?? '')).status).toBe(200);
  });
});
