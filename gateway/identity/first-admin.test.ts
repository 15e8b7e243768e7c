import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { as, type Installation, openInstallation } from './identity.fixture.ts';

let here: Installation;
beforeEach(async () => {
  here = await openInstallation();
});
afterEach(() => here.close());

const EMAIL = 'admin@example.org';
const login = (password: string, email = EMAIL) => here.call('POST /api/login', { email, password });

describe('the first admin', () => {
  it('is made once, with a password that is told once', async () => {
    const password = await here.identity.ensureAdmin(EMAIL);
    expect(password).toMatch(/^[\w-]{20}$/);
    const { status, body } = await login(password ?? '');
    expect([status, body.user.role]).toEqual([200, 'admin']);
    expect(body.user.confined).toBe('password');
    expect(await here.identity.ensureAdmin(EMAIL)).toBeNull();
    expect(await here.identity.ensureAdmin('another@example.org', 'another password')).toBeNull();
    expect(await here.events()).toHaveLength(2);
    expect(here.lines.join()).not.toContain(password);
  });

  it('has the configured password, which is not told', async () => {
    expect(await here.identity.ensureAdmin(EMAIL, 'configured password')).toBeNull();
    expect((await login('configured password')).status).toBe(200);
  });

  it('is made by one of two processes that start at once', async () => {
    await Promise.all([here.identity.ensureAdmin(EMAIL, 'configured password'), here.identity.ensureAdmin(EMAIL, 'configured password')]);
    expect(await here.events()).toHaveLength(2);
    expect((await login('configured password')).status).toBe(200);
  });

  it('has one password, told by one process, where two processes make one at once', async () => {
    for (let round = 0; round < 5; round++) {
      const own = await openInstallation();
      try {
        const told = await Promise.all([own.identity.ensureAdmin(EMAIL), own.identity.ensureAdmin(EMAIL)]);
        const [password] = told.filter((one) => one !== null);
        expect(told.filter((one) => one !== null)).toHaveLength(1);
        expect((await own.call('POST /api/login', { email: EMAIL, password })).status).toBe(200);
      } finally {
        await own.close();
      }
    }
  });

  it('gets a new password where theirs was lost with the secrets', async () => {
    await here.identity.ensureAdmin(EMAIL);
    const id = (await here.events())[0]?.stream.slice('user-'.length) ?? '';
    await here.secrets.delete('credentials', id);
    const password = await here.identity.ensureAdmin(EMAIL);
    expect((await login(password ?? '')).status).toBe(200);
    expect(await here.events()).toHaveLength(2);
  });

  it('gets a password that is told, where an earlier start got no further than the secrets', async () => {
    const { commands, ...rest } = here.identityOptions;
    const { openIdentity } = await import('./identity.ts');
    const broken = await openIdentity({ ...rest, commands: { ...commands, handle: () => Promise.reject(new Error('stopped')) } });
    await expect(broken.ensureAdmin(EMAIL)).rejects.toThrow('stopped');
    const password = await here.identity.ensureAdmin(EMAIL);
    expect((await login(password ?? '')).status).toBe(200);
  });

  it('is not made of somebody else: that is said', async () => {
    await here.call('POST /api/users', { name: 'Alice', email: EMAIL, password: 'correct horse battery' });
    await expect(here.identity.ensureAdmin(EMAIL)).rejects.toThrow(/^ADMIN_EMAIL: this address belongs/);
    const password = await here.identity.ensureAdmin('root@example.org');
    expect((await login(password ?? '', 'root@example.org')).status).toBe(200);
  });

  it('is not made again after another admin deleted them', async () => {
    const password = 'a password of the root';
    await here.identity.ensureAdmin(EMAIL, password);
    const alice = (await here.call('POST /api/users', { name: 'Alice', email: 'alice@example.org', password: 'correct horse battery' })).body.id;
    const first = (await login(password)).body;
    expect((await here.call(`PUT /api/users/${alice}/role`, { role: 'admin' }, as(first.accessToken))).status).toBe(200);
    const second = (await login('correct horse battery', 'alice@example.org')).body;
    expect((await here.call(`DELETE /api/users/${first.user.id}`, undefined, as(second.accessToken))).status).toBe(200);
    expect(await here.identity.ensureAdmin(EMAIL)).toBeNull();
    expect((await login(password)).status).toBe(401);
  });
});

describe('who sees all tasks', () => {
  it('is the team and admins; with TASK_VISIBILITY=own admins alone', async () => {
    const own = await openInstallation({ taskVisibility: 'own' });
    const roles = ['admin', 'member', 'staff', 'security', 'maintenance', 'customer-service', 'resident', 'service'] as const;
    expect(roles.filter((role) => here.identity.seesAll(role))).toEqual(['admin', 'member', 'staff', 'security', 'maintenance', 'customer-service']);
    expect(roles.filter((role) => own.identity.seesAll(role))).toEqual(['admin']);
    await own.close();
  });
});
