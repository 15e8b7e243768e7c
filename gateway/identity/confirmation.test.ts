import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { StoreUnavailable } from '../../platform/event-store/event-store.ts';
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
const confirm = (token: string, more: object = { password: PASSWORD }) => here.call('POST /api/confirmations', { token, ...more });
const login = (password: string) => here.call('POST /api/login', { email, password }, { 'x-forwarded-for': `10.0.0.${n}` });
const types = async (id: string) => (await here.events(`user-${id}`)).map((one) => one.type);

describe('confirmation', () => {
  it('confirms the address and sets the password, once; what a stranger registered with ends', async () => {
    const id = await register({ password: 'what a stranger chose' });
    const { accessToken: strangers } = (await login('what a stranger chose')).body;
    const [another, code] = [await here.identity.issueCode(id, 'confirm'), await here.identity.issueCode(id, 'confirm')];
    const { status, body } = await confirm(code, { password: PASSWORD });
    expect([status, body]).toEqual([200, { id, confirmed: true, passwordSet: true }]);
    expect((await here.events(`user-${id}`)).at(-1)).toMatchObject({ type: 'UserConfirmed', metadata: { actor: 'system' } });
    for (const used of [code, another]) {
      const again = await confirm(used, { password: PASSWORD });
      expect([again.status, again.body.code, again.body.errors[0].pointer]).toEqual([422, 'invalid', '/token']);
    }
    expect((await here.call('GET /api/me', undefined, as(strangers))).status).toBe(401);
    expect((await login('what a stranger chose')).status).toBe(401);
    const { accessToken } = (await login(PASSWORD)).body;
    expect((await here.call('GET /api/me', undefined, as(accessToken))).body.confirmed).toBe(true);
  });

  it('wants a good password, and uses nothing up without one', async () => {
    const id = await register();
    const code = await here.identity.issueCode(id, 'confirm');
    for (const password of [undefined, 'short', 'qwertyuiop', 'alice in wonderland']) {
      const refused = await confirm(code, { password });
      expect([refused.status, refused.body.errors[0].pointer]).toEqual([422, '/password']);
    }
    expect(await types(id)).toEqual(['UserCreated']);
    expect((await confirm(code, { password: PASSWORD })).status).toBe(200);
    expect((await login(PASSWORD)).status).toBe(200);
  });

  it('that was not recorded is done again with the same link', async () => {
    const id = await register({ password: PASSWORD });
    const code = await here.identity.issueCode(id, 'confirm');
    vi.spyOn(here.store, 'append').mockRejectedValue(new StoreUnavailable('the event store is away'));
    expect((await confirm(code, { password: 'another password' })).status).toBe(503);
    vi.restoreAllMocks();
    expect((await confirm(code, { password: 'another password' })).status).toBe(200);
    expect(await types(id)).toEqual(['UserCreated', 'UserConfirmed']);
    expect((await login('another password')).status).toBe(200);
  });

  it('by an admin needs no mail, and is for admins', async () => {
    const id = await register({ password: PASSWORD });
    const { accessToken } = (await login(PASSWORD)).body;
    expect((await here.call(`POST /api/users/${id}/confirm`, undefined, as(accessToken))).status).toBe(403);
    await here.identity.ensureAdmin('admin@example.org', 'the first of all');
    const admin = (await here.call('POST /api/login', { email: 'admin@example.org', password: 'the first of all' })).body;
    expect((await here.call(`POST /api/users/${id}/confirm`, undefined, as(admin.accessToken))).status).toBe(200);
    expect((await here.call('GET /api/me', undefined, as(accessToken))).body.confirmed).toBe(true);
    expect((await here.call('GET /api/me', undefined, as(admin.accessToken))).body.confirmed).toBe(true);
  });

  it('is too late after 48 hours, after a change of address, and after the user was deleted', async () => {
    const id = await register({ password: PASSWORD });
    const late = await here.identity.issueCode(id, 'confirm');
    here.advance(48 * 3_600_000);
    expect((await confirm(late)).status).toBe(422);
    const moved = await here.identity.issueCode(id, 'confirm');
    const { accessToken } = (await login(PASSWORD)).body;
    expect((await here.call(`PATCH /api/users/${id}`, { email: `moved${email}` }, as(accessToken))).status).toBe(202);
    const token = await here.identity.issueCode(id, 'address');
    expect((await here.call('POST /api/email-changes/finish', { token }, as(accessToken))).status).toBe(200);
    expect((await confirm(moved)).status).toBe(422);
    expect(await types(id)).not.toContain('UserConfirmed');
    const other = await register({ password: PASSWORD });
    const gone = await here.identity.issueCode(other, 'confirm');
    const { accessToken: theirs } = (await login(PASSWORD)).body;
    expect((await here.call(`DELETE /api/users/${other}`, undefined, as(theirs))).status).toBe(200);
    expect((await confirm(gone)).status).toBe(422);
    expect(await types(other)).not.toContain('UserConfirmed');
    for (const none of [id, other]) await expect(here.identity.issueCode(none, 'confirm')).rejects.toThrow(/there is none/);
  });

  it('is by the last link alone; a link for another purpose stays beside it', async () => {
    const id = await register({ password: PASSWORD });
    const before = await here.identity.issueCode(id, 'confirm');
    const reset = await here.identity.issueCode(id, 'reset');
    const last = await here.identity.issueCode(id, 'confirm');
    expect((await confirm(before)).status).toBe(422);
    expect((await confirm(reset)).status).toBe(422);
    expect((await confirm(last)).status).toBe(200);
  });

  it('is by no link any more once somebody else confirmed the address: it would set the password of an account that is in use', async () => {
    const id = await register({ password: PASSWORD });
    const code = await here.identity.issueCode(id, 'confirm');
    await here.identity.ensureAdmin('admin@example.org', 'the first of all');
    const admin = (await here.call('POST /api/login', { email: 'admin@example.org', password: 'the first of all' })).body;
    expect((await here.call(`POST /api/users/${id}/confirm`, undefined, as(admin.accessToken))).status).toBe(200);
    const { accessToken } = (await login(PASSWORD)).body;
    expect((await confirm(code, { password: 'what a thief chose' })).status).toBe(422);
    expect((await here.call('GET /api/me', undefined, as(accessToken))).status).toBe(200);
    expect((await login(PASSWORD)).status).toBe(200);
  });
});
