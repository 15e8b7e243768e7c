/** Starts that the file system refuses: code 1, no address, and one line that names the file, the cause and what to do. Nothing is harmed by them. */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { runProgram } from './program.fixture.ts';
import { ADMIN, JWT_SECRET, openInstallation } from './system.fixture.ts';

/** A folder that goes with the test. */
function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'refused-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const ENV = { PORT: '0', LOG_LEVEL: 'fatal', ADMIN_PASSWORD: ADMIN.password, JWT_SECRET };

/** The one line of a start that must end with code 1. */
async function refusal(dataDir: string): Promise<string> {
  const program = runProgram([], { ...ENV, DATA_DIR: dataDir });
  onTestFinished(async () => void (await program.end('SIGKILL')));
  expect(await program.ended, program.stderr()).toEqual({ code: 1, signal: null });
  expect(program.stdout()).toBe('');
  expect(program.stderr()).toMatch(/^taskledger: [^\n]*\n$/);
  return program.stderr();
}

const canMount = process.getuid?.() === 0 && spawnSync('unshare', ['--mount', 'true']).status === 0;

describe.skipIf(!canMount)(`on a full disk${canMount ? '' : ' (skipped: this user may not mount)'}`, () => {
  /** A disk of so many bytes. */
  function disk(size: string): string {
    const path = folder();
    const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=700`, 'tmpfs', path]);
    expect(mount.status, String(mount.stderr)).toBe(0);
    onTestFinished(() => void execFileSync('umount', ['--lazy', path]));
    return path;
  }

  it.each(['4k', '64k', '200k', '600k'])('of %s a first start says so, and to make room; nothing of restoring', async (size) => {
    const line = await refusal(join(disk(size), 'data'));
    expect(line).toMatch(/data.*disk is full.*Make room and start again/);
    expect(line).not.toMatch(/restore|backup|damaged|delete/i);
  });

  it('an installation says so as well, and starts once there is room', async () => {
    const path = disk('8m');
    const installation = await openInstallation({ DATA_DIR: join(path, 'data'), LOG_LEVEL: 'fatal' });
    onTestFinished(() => installation.remove());
    await installation.admin.ok('POST /api/tasks', { title: 'Kept' });
    await installation.stop();
    spawnSync('dd', ['if=/dev/zero', `of=${join(path, 'fill')}`, 'bs=64k']);
    const line = await refusal(join(path, 'data'));
    expect(line).toMatch(/disk is full.*Make room and start again/);
    expect(line).not.toMatch(/restore|backup|damaged|delete/i);
    rmSync(join(path, 'fill'));
    await installation.start();
    expect((await installation.call('GET /readyz')).status).toBe(200);
  });
});

it('a limit on the size of files is named', async () => {
  const dataDir = folder();
  const program = spawnSync('prlimit', ['--fsize=20000', process.execPath, join(import.meta.dirname, '../main.ts')], {
    env: { PATH: process.env.PATH ?? '', NODE_ENV: 'test', ...ENV, DATA_DIR: dataDir },
    encoding: 'utf8',
  });
  expect(program.status).toBe(1);
  expect(program.stderr).toMatch(/^taskledger: [^\n]*events\.db[^\n]*ulimit -f[^\n]*\n$/);
});

describe('a folder where a file must be', () => {
  it.each([
    ['read-models.db', /read-models\.db.*folder.*Move it away.*Or delete it: all in it is made from the events/],
    ['events.db', /events\.db.*folder.*Move it away/],
    ['secrets.db', /secrets\.db.*folder.*Move it away/],
    ['outbox.db', /outbox\.db.*folder.*Move it away/],
  ])('%s is named, and what to do', async (name, says) => {
    const dataDir = folder();
    mkdirSync(join(dataDir, name));
    expect(await refusal(dataDir)).toMatch(says);
  });
});

describe('databases of other applications', () => {
  it.each([
    ['events.db', /events\.db is another database, not an event store.*DATA_DIR/],
    ['read-models.db', /read-models\.db is another database, not read models/],
    ['secrets.db', /secrets\.db is another database, not a secrets file.*SECRETS_URL/],
    ['outbox.db', /outbox\.db is another database, not an outbox.*Move it away/],
  ])('in the place of %s is named, and is the same afterwards to the byte', async (name, says) => {
    const dataDir = folder();
    const db = new DatabaseSync(join(dataDir, name));
    db.exec("CREATE TABLE recipes (name TEXT); INSERT INTO recipes VALUES ('soup'); PRAGMA user_version = 7");
    db.close();
    chmodSync(join(dataDir, name), 0o644);
    const before = readFileSync(join(dataDir, name));
    const line = await refusal(dataDir);
    expect(line).toMatch(says);
    expect(line).not.toMatch(/damaged|restore/);
    expect(readFileSync(join(dataDir, name)).equals(before)).toBe(true);
    expect(statSync(join(dataDir, name)).mode & 0o777).toBe(0o644);
  });

  it.each([
    ['secrets.db', 'CREATE TABLE secrets (name TEXT, password TEXT)'],
    ['outbox.db', 'CREATE TABLE mails (sender TEXT)'],
  ])('are told from ours where %s has a table of our name, in a write-ahead log, too', async (name, sql) => {
    const dataDir = folder();
    const db = new DatabaseSync(join(dataDir, name));
    db.exec(`PRAGMA journal_mode = WAL; ${sql}`);
    db.close();
    const before = readFileSync(join(dataDir, name));
    expect(await refusal(dataDir)).toMatch(/is another database/);
    expect(readFileSync(join(dataDir, name)).equals(before)).toBe(true);
  });

  it('a witness of another store is called what it is, and the way on is told', async () => {
    const dataDir = folder();
    writeFileSync(join(dataDir, 'events.db-witness'), 'of something else');
    const line = await refusal(dataDir);
    expect(line).toContain(`${join(dataDir, 'events.db')} is missing or empty`);
    expect(line).toContain(`delete ${join(dataDir, 'events.db-witness')} and start again`);
    expect(line).not.toMatch(/damaged/);
  });
});

const isRoot = process.getuid?.() === 0;

describe.skipIf(!isRoot)(`files of another owner${isRoot ? '' : ' (skipped: only root can make them)'}`, () => {
  const NOBODY = 65_534;
  /** The line of a start by a user who owns the folder, and nothing that `name` is. */
  function refusalOf(name: string): string {
    const dataDir = folder();
    chownSync(dataDir, NOBODY, NOBODY);
    writeFileSync(join(dataDir, name), '');
    chmodSync(join(dataDir, name), 0o600);
    const { status, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, '../main.ts')], {
      env: { PATH: process.env.PATH ?? '', NODE_ENV: 'test', ...ENV, DATA_DIR: dataDir },
      encoding: 'utf8',
      uid: NOBODY,
      gid: NOBODY,
    });
    expect(status, stderr).toBe(1);
    expect(stderr).toMatch(/^taskledger: [^\n]*\n$/);
    return stderr;
  }
  const mayRun =
    isRoot && spawnSync(process.execPath, [join(import.meta.dirname, '../main.ts'), 'help'], { uid: NOBODY, gid: NOBODY, env: {} }).status === 0;

  it.skipIf(!mayRun).each([
    ['read-models.db', /Or delete it: all in it is made from the events, and is made again/],
    ['events.db', /Give it to this user \(chown\), or start as its owner/],
    ['secrets.db', /Give it to this user \(chown\), or start as its owner/],
    ['outbox.db', /Or move it away: a new one is made/],
    ['lock', /Give it to this user \(chown\), or start as its owner/],
  ])('%s is named with its owner, and what to do', (name, says) => {
    const line = refusalOf(name);
    expect(line).toMatch(new RegExp(`user ${NOBODY} may not read and write \\S*${name.replace('.', '\\.')} .*user 0's, mode 600`));
    expect(line).toMatch(says);
    expect(line).not.toMatch(/restore|damaged/);
  });
});

describe.runIf(process.platform === 'linux')('a second start, after the file of the lock was deleted', () => {
  let running: Awaited<ReturnType<typeof openInstallation>>;
  beforeAll(async () => {
    running = await openInstallation();
  });
  afterAll(() => running?.remove());

  it('is refused with the process that runs, which goes on, can be asked by the operator, and starts again', { timeout: 120_000 }, async () => {
    const { dataDir } = running;
    rmSync(join(dataDir, 'lock'));
    expect(await refusal(dataDir)).toContain(`The folder ${dataDir} is held by another process (pid ${running.program().pid})`);
    expect(existsSync(join(dataDir, 'running.json'))).toBe(true);
    await running.admin.ok('POST /api/tasks', { title: 'Still at work' });
    const replay = runProgram(['replay', 'task_list'], { ...ENV, DATA_DIR: dataDir });
    expect(await replay.ended, replay.stderr()).toMatchObject({ code: 0 });
    expect(await running.stop()).toMatchObject({ code: 0 });
    await running.start();
    expect((await running.admin.ok('GET /api/tasks')).body.items).toHaveLength(1);
    expect(running.output()).not.toMatch(/damaged/);
  });
});
