/** `npm start -- users …` beside a running process, and on a folder that nobody runs on. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { personExport } from '../contracts/person-export.ts';
import { caller } from './client.fixture.ts';
import { runProgram } from './program.fixture.ts';
import { ADMIN, type Installation, openInstallation } from './system.fixture.ts';

let system: Installation;
beforeAll(async () => {
  system = await openInstallation();
});
afterAll(() => system?.remove());

async function users(...args: string[]) {
  const program = runProgram(['users', ...args], system.env);
  const { code } = await program.ended;
  return { code, out: program.stdout(), err: program.stderr() };
}

/** The command with this text on its standard input. */
async function usersReading(input: string, ...args: string[]) {
  const main = fileURLToPath(new URL('../main.ts', import.meta.url));
  const child = spawn(process.execPath, [main, 'users', ...args], { env: { PATH: process.env.PATH, NODE_ENV: 'test', ...system.env } });
  let out = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, out };
}

const logIn = (email: string, password: string) => system.call('POST /api/login', { email, password });
const printedIn = (out: string) => /The password is (\S+) \(shown only now\)/.exec(out)?.[1] ?? expect.fail(out);

describe('beside a running process', () => {
  it('makes an account with a password that is printed once, gives it a role, lists it, and ends its sessions at once', async () => {
    const made = await users('create', 'ann@example.org', 'staff', 'Ann', 'Moreau');
    expect(made).toMatchObject({ code: 0, out: expect.stringContaining('ann@example.org: created with the role staff, confirmed') });
    const { body } = await logIn('ann@example.org', printedIn(made.out));
    expect(body.user).toMatchObject({ name: 'Ann Moreau', role: 'staff' });
    expect((await users('role', 'ann@example.org', 'admin')).out).toBe('ann@example.org: has the role admin\n');
    const ann = caller(system.url, body.accessToken);
    expect((await ann('GET /api/me')).body).toMatchObject({ role: 'admin', confirmed: true });
    await expect.poll(async () => (await users('list', 'Moreau')).out).toMatch(/ann@example\.org +admin +confirmed +Ann Moreau\n/);
    expect((await users('end-sessions', 'ann@example.org')).out).toBe('ann@example.org: is logged out, 1 session ended\n');
    expect((await ann('GET /api/me')).status).toBe(401);
  });

  it('takes the role of an admin only where another one stays', async () => {
    expect((await users('role', 'ann@example.org', 'staff')).code).toBe(0);
    const last = await users('role', ADMIN.email, 'member');
    expect(last).toMatchObject({ code: 1, err: expect.stringMatching(/^taskledger: This is the last admin that is known: .* admin first\.\n$/) });
    await users('create', 'zoe@example.org', 'admin');
    await expect.poll(async () => (await users('list', 'zoe')).out).toContain('zoe@example.org');
    expect((await users('role', ADMIN.email, 'member')).code).toBe(0);
    expect((await users('role', 'zoe@example.org', 'member')).code).toBe(1);
    expect((await users('role', ADMIN.email, 'admin')).code).toBe(0);
    expect((await users('role', 'zoe@example.org', 'member')).code).toBe(0);
  });

  it('gives a person’s data back, by address or id, whole, to a file that only its owner reads, or to standard output', async () => {
    const ann = { name: 'Ann', email: 'ann.exported@example.org', password: 'correct horse battery' };
    const { body } = await system.call('POST /api/users', ann);
    const folder = mkdtempSync(join(tmpdir(), 'export-'));
    const file = join(folder, 'ann.json');
    const written = async (...words: string[]) => (await users('export', ...words)).code;
    await expect.poll(() => written(ann.email, '--out', file)).toBe(0);
    const document = personExport.parse(JSON.parse(readFileSync(file, 'utf8')));
    expect([document.profile.email, statSync(file).mode & 0o777]).toEqual([ann.email, 0o600]);
    writeFileSync(file, 'mine');
    const there = await users('export', ann.email, '--out', file);
    expect([there.code, there.err, readFileSync(file, 'utf8')]).toEqual([1, expect.stringContaining('say --force to replace it'), 'mine']);
    expect([await written(ann.email, '--out', file, '--force'), readdirSync(folder)]).toEqual([0, ['ann.json']]);
    expect(JSON.parse(readFileSync(file, 'utf8')).complete).toBe(true);
    const { out } = await users('export', body.id);
    expect(personExport.parse(JSON.parse(out)).profile.id).toBe(body.id);
    const nowhere = join(folder, 'nowhere', 'ann.json');
    const refused = await users('export', body.id, '--out', nowhere);
    expect([refused.code, refused.err]).toEqual([1, expect.stringMatching(/^taskledger: .*nowhere.* cannot be written \(ENOENT\): .*\n$/)]);
    expect((await users('export', 'nobody@example.org')).err).toContain('There is no account with this address.');
    rmSync(folder, { recursive: true });
  });

  it('says what is wrong with a word, and not only which', async () => {
    const { code, err } = await users('create', 'notmail', 'member');
    expect([code, err]).toEqual([1, expect.stringMatching(/^taskledger: Not valid: email must be .+\.\n$/)]);
  });

  it('confirms an address', async () => {
    const account = { name: 'Bob', email: 'bob@example.org', password: 'correct horse battery' };
    await system.call('POST /api/users', account);
    expect((await users('confirm', account.email)).code).toBe(0);
    const { body } = await logIn(account.email, account.password);
    expect((await caller(system.url, body.accessToken)('GET /api/me')).body.confirmed).toBe(true);
  });

  it('takes a second factor away, also where there is none', async () => {
    expect((await users('second-factor', 'bob@example.org')).out).toBe('bob@example.org: has no second factor\n');
  });

  it('takes a password from standard input, never as an argument, and refuses a weak one', async () => {
    const reset = await usersReading('staple of the month\n', 'reset-password', ADMIN.email, '--password');
    expect(reset).toMatchObject({ code: 0, out: expect.not.stringContaining('staple') });
    expect((await logIn(ADMIN.email, 'staple of the month')).status).toBe(200);
    expect(await usersReading('aaaaaaaaaaaa\n', 'reset-password', ADMIN.email, '--password')).toMatchObject({ code: 1 });
    // Ten units of UTF-16 are five characters.
    expect(await usersReading('🔑🧰🪜🧯🚪\n', 'reset-password', ADMIN.email, '--password')).toMatchObject({ code: 1 });
    expect(await usersReading('', 'reset-password', ADMIN.email, '--password')).toMatchObject({
      code: 1,
      out: expect.stringContaining('No password'),
    });
  });

  it('is the operator’s alone: admins have no such row', async () => {
    const order = { order: 'reset-password', email: 'bob@example.org' };
    const { body } = await logIn(ADMIN.email, 'staple of the month');
    const asAdmin = caller(system.url, body.accessToken);
    expect((await asAdmin('POST /api/admin/accounts', order)).status).toBe(403);
    const entries = (await asAdmin('GET /api/admin/audit?kind=password&outcome=done')).body.items as { row: string; user: string; about: string }[];
    expect(entries.find(({ row }) => row === 'POST /api/admin/accounts')).toMatchObject({
      user: 'operator',
      about: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });

  it('says in one line what is wrong', async () => {
    expect(await users('role', 'nobody@example.org', 'staff')).toEqual({
      code: 1,
      out: '',
      err: 'taskledger: There is no account with this address.\n',
    });
    expect(await users('list', 'zzz')).toEqual({ code: 0, out: '', err: 'Nobody found.\n' });
    expect((await users('create', 'ann@example.org', 'staff')).err).toMatch(/^taskledger: This email is in use already\.\n$/);
    for (const args of [
      ['role', 'ann@example.org', 'king'],
      ['reset-password', 'ann@example.org', 'a password'],
    ])
      expect((await users(...args)).err).toMatch(/^taskledger: users: .+\. How it is used says: npm start -- users --help\n$/);
  });
});

it('on a folder that nobody runs on, it gets a locked-out admin back, whose sessions of before are over', async () => {
  const { body } = await logIn(ADMIN.email, 'staple of the month');
  await system.stop();
  expect((await users('list')).out).toContain(ADMIN.email);
  const reset = await users('reset-password', ADMIN.email);
  expect(reset.out).toMatch(/has another password, \d+ sessions? ended/);
  expect((await users('role', ADMIN.email, 'admin')).code).toBe(0);
  await system.start();
  expect((await caller(system.url, body.accessToken)('GET /api/me')).status).toBe(401);
  expect((await logIn(ADMIN.email, printedIn(reset.out))).status).toBe(200);
  expect(system.output()).not.toContain(printedIn(reset.out));
  const admin = caller(system.url, (await logIn(ADMIN.email, printedIn(reset.out))).body.accessToken);
  await admin('PUT /api/me/password', { current: printedIn(reset.out), new: 'a phrase of one’s own' });
  const noted = (await admin('GET /api/admin/audit?user=operator')).body.items;
  const ofOperator = { outcome: 'done', user: 'operator', about: body.user.id, row: 'POST /api/admin/accounts', network: '' };
  for (const kind of ['password', 'role']) expect(noted).toContainEqual(expect.objectContaining({ ...ofOperator, kind }));
});
