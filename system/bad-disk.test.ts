/** The whole process on a disk that refuses: by a limit on the size of its files (`ulimit -f`), and by an fsync that fails (strace's fault injection). */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ADMIN, type Installation, openInstallation } from './system.fixture.ts';

const traceable = spawnSync('strace', ['-f', '-o', '/dev/null', 'true']).status === 0;
const skipped = !(traceable && spawnSync('prlimit', ['--version']).status === 0) && !process.env.REQUIRE_SERVERS;

describe.skipIf(skipped)(`a process whose disk refuses${skipped ? ' (skipped: strace or prlimit is missing, or may not trace)' : ''}`, () => {
  let system: Installation;
  beforeEach(async () => {
    system = await openInstallation();
  });
  afterEach(() => system?.remove());

  const add = (title: string) => system.admin.call('POST /api/tasks', { title }, { 'idempotency-key': title });
  const titles = async () => {
    const { items } = (await system.admin.ok('GET /api/tasks')).body;
    return items.map((task: { title: string }) => task.title).sort();
  };
  const limitFiles = (bytes: string) => execFileSync('prlimit', ['--pid', String(system.program().pid), `--fsize=${bytes}:unlimited`]);
  const saidToPeople = () => system.output().match(/^\{"level":50.*nothing (more )?can be recorded.*$/gm);

  it('answers 503, goes on once there is room, and starts again after an orderly stop, with what it acknowledged and no word of damage', async () => {
    expect(await add('before')).toMatchObject({ status: 201 });
    limitFiles('1');
    expect(await add('meanwhile')).toMatchObject({ status: 503 });
    limitFiles('unlimited');
    await vi.waitFor(async () => expect(await add('meanwhile')).toMatchObject({ status: 201 }), 10_000);
    limitFiles('1');
    expect(await add('never')).toMatchObject({ status: 503 });
    expect(await system.stop()).toMatchObject({ code: 0 });
    await system.start();
    await vi.waitFor(async () => expect(await titles()).toEqual(['before', 'meanwhile']), 10_000);
    expect(saidToPeople()?.length).toBeGreaterThan(0);
    expect(system.output()).not.toMatch(/damaged/);
  });

  it('answers login, refresh, registration and a new password 503, too, without a stack in the log, and goes on once there is room', async () => {
    const { call, email, password, refreshToken } = system.admin;
    const person = { name: 'Bob', email: 'bob@example.org', password: 'a long phrase of his' };
    const asked = () =>
      Promise.all([
        call('POST /api/login', { email, password }),
        call('POST /api/token/refresh', { refreshToken }),
        call('POST /api/users', person),
        call('PUT /api/me/password', { current: password, new: 'another long phrase' }),
      ]);
    limitFiles('1');
    for (const { status, headers, text } of await asked()) {
      expect(status, text).toBe(503);
      expect(headers.get('retry-after')).toMatch(/^[1-9]/);
    }
    expect(await call('GET /api/tasks')).toMatchObject({ status: 200 });
    limitFiles('unlimited');
    await vi.waitFor(async () => expect((await asked()).map(({ status }) => status)).toEqual([200, 200, 201, 204]), 10_000);
    expect(system.output().match(/^.*the secrets cannot be used.*$/gm)).toHaveLength(1);
    expect(system.output()).not.toMatch(/unexpected error/);
  });

  it('ends, too, after a failed fsync of the secrets', async () => {
    const tracing = [
      '-f',
      '-p',
      String(system.program().pid),
      '-P',
      join(system.dataDir, 'secrets.db-wal'),
      '-e',
      'trace=fsync',
      '-e',
      'inject=fsync:error=EIO',
    ];
    const strace = spawn('strace', tracing, { stdio: ['ignore', 'ignore', 'pipe'] });
    await once(strace.stderr, 'data');
    const logIn = () => system.admin.call('POST /api/login', { email: ADMIN.email, password: ADMIN.password });
    await logIn().catch(() => {});
    expect(await system.program().ended).toMatchObject({ code: 1 });
    expect(system.output().match(/^\{"level":50.*an fsync failed: nothing more is written until this is started again.*$/gm)).toHaveLength(1);
    await system.start();
    expect(await logIn()).toMatchObject({ status: 200 });
  });

  it('ends with code 1 and a line of level 50 after a failed fsync of the log, and the next start finds out', async () => {
    expect(await add('before')).toMatchObject({ status: 201 });
    const log = join(system.dataDir, 'events.db-wal');
    const tracing = ['-f', '-p', String(system.program().pid), '-P', log, '-e', 'trace=fsync', '-e', 'inject=fsync:error=EIO'];
    const strace = spawn('strace', tracing, { stdio: ['ignore', 'ignore', 'pipe'] });
    await once(strace.stderr, 'data');
    await add('unknown').catch(() => {});
    expect(await system.program().ended).toMatchObject({ code: 1 });
    expect(saidToPeople()).toHaveLength(1);
    await system.start();
    expect(await add('after')).toMatchObject({ status: 201 });
    await vi.waitFor(async () => expect(await titles()).toEqual(expect.arrayContaining(['after', 'before'])), 10_000);
    expect(system.output()).not.toMatch(/damaged/);
  });
});
