/** `npm start -- users …` where the stores are servers, and every part is a process of its own. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith, redis } from '../servers/for-tests.fixture.ts';
import { caller } from './client.fixture.ts';
import { DISTRIBUTED, type Distributed, openDistributed } from './distributed.fixture.ts';
import { runProgram } from './program.fixture.ts';

describeWith(DISTRIBUTED, 'the command line of accounts, on servers', () => {
  let system: Distributed;
  beforeAll(async () => {
    system = await openDistributed({ env: { LIMITS_URL: await redis.database() } });
  });
  afterAll(() => system?.remove());

  async function users(...args: string[]) {
    const program = runProgram(['users', ...args], system.env);
    const { code } = await program.ended;
    return { code, out: program.stdout(), err: program.stderr() };
  }

  it('makes an account, gives it a role, lists it, sets another password, and ends its sessions, which all parts know, and the audit log has', async () => {
    const made = await users('create', 'ann@example.org', 'staff', 'Ann', 'Moreau');
    expect(made).toMatchObject({ code: 0, out: expect.stringContaining('ann@example.org: created with the role staff, confirmed') });
    const password = /The password is (\S+) \(shown only now\)/.exec(made.out)?.[1];
    const { body } = await system.call('POST /api/login', { email: 'ann@example.org', password });
    expect(body.user).toMatchObject({ name: 'Ann Moreau', role: 'staff' });
    const ann = caller(system.url, body.accessToken);
    expect((await users('role', 'ann@example.org', 'admin')).out).toBe('ann@example.org: has the role admin\n');
    await expect.poll(async () => (await ann('GET /api/me')).body).toMatchObject({ role: 'admin', confirmed: true });
    await expect.poll(async () => (await users('list', 'Moreau')).out).toMatch(/ann@example\.org +admin +confirmed +Ann Moreau\n/);
    expect((await users('end-sessions', 'ann@example.org')).out).toBe('ann@example.org: is logged out, 1 session ended\n');
    // The read side is another process, which may remember an answer for a moment.
    await expect.poll(async () => (await ann('GET /api/tasks')).status).toBe(401);
    expect((await users('reset-password', 'ann@example.org')).out).toContain('ann@example.org: has another password');
    expect((await system.call('POST /api/login', { email: 'ann@example.org', password })).status).toBe(401);
    const kinds = async () =>
      (await system.admin.ok(`GET /api/admin/audit?limit=200&user=${body.user.id}`)).body.items.map(
        ({ kind, user }: { kind: string; user: string }) => `${kind} ${user}`,
      );
    await expect.poll(kinds).toEqual(expect.arrayContaining(['account operator', 'role operator', 'session operator', 'password operator']));
  });

  it('says in one line what is refused', async () => {
    const refused = await users('role', 'nobody-at-all@example.org', 'staff');
    expect(refused).toMatchObject({ code: 1, out: '', err: 'taskledger: There is no account with this address.\n' });
  });
});
