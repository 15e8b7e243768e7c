import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { ALL_PARTS } from '../app/parts.ts';
import { logIn } from './client.fixture.ts';
import { follow } from './live.fixture.ts';
import { type Program, runProgram } from './program.fixture.ts';
import { type Installation, openInstallation } from './system.fixture.ts';

let running: Installation;
beforeAll(async () => {
  running = await openInstallation();
});
afterAll(() => running?.remove());

/** What the command line knows: the commands of an operator, and the parts. */
const COMMANDS = ['replay', 'dead-letters', 'users', 'migrate', 'backup', ...ALL_PARTS];

/** A folder that goes with the test. */
function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'start-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Runs it; it is ended with the test, if it has not ended by itself. */
function run(args: readonly string[], env: Record<string, string>): Program {
  const program = runProgram(args, env);
  onTestFinished(async () => void (await program.end('SIGKILL')));
  return program;
}

/** It must not start: exit code 1, no address, one line on stderr beside the log. Answers the line. */
async function refusal(env: Record<string, string>, args: readonly string[] = []): Promise<string> {
  const program = run(args, { PORT: '0', ...env });
  expect(await program.ended, program.stderr()).toEqual({ code: 1, signal: null });
  expect(program.stdout()).toBe('');
  const lines = program
    .stderr()
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('{"level":'));
  expect(lines.length, program.stderr()).toBe(1);
  expect(lines[0]).toMatch(/^taskledger: /);
  return lines[0] ?? '';
}

it('wrong variables are all named at once, without their secrets, before anything is opened', async () => {
  const dataDir = join(folder(), 'data');
  const wrong = {
    PORT: '70000',
    LOG_LEVEL: 'loud',
    TASK_VISIBILITY: 'all',
    ALLOWED_ORIGINS: 'https://a.example/path',
    PUBLIC_URL: 'tasks.example',
    EVENT_STORE_URL: 'mysql://user:hidden-1@host',
    JWT_SECRET: 'hidden-2',
    ADMIN_PASSWORD: 'hidden-3',
    ADMIN_EMAIL: 'nobody',
    REGISTRATION_LIMIT: '-1',
  };
  const line = await refusal({ ...wrong, DATA_DIR: dataDir });
  for (const name of Object.keys(wrong)) expect(line).toContain(name);
  expect(line).toContain('loud');
  expect(line).not.toContain('hidden');
  expect(existsSync(dataDir)).toBe(false);
});

it('a port that is taken is named, and what to do', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const dataDir = folder();
  expect(await refusal({ DATA_DIR: dataDir, PORT: String(port), LOG_LEVEL: 'warn' })).toMatch(new RegExp(`Port ${port} .* is taken.*set PORT`));
});

it('a host that is not this machine’s is named', async () => {
  expect(await refusal({ DATA_DIR: folder(), HOST: '192.0.2.1', LOG_LEVEL: 'warn' })).toMatch(/192\.0\.2\.1.*HOST/);
});

it('links in mails that lead to no address of others are told of in one line', async () => {
  const program = runProgram([], { DATA_DIR: folder(), HOST: '0.0.0.0', PORT: '0', LOG_LEVEL: 'info' });
  onTestFinished(() => void program.end('SIGKILL'));
  const { port } = new URL(await program.url());
  // The address comes by standard output, the line by standard error: either may be read first.
  const lines = () =>
    program
      .stderr()
      .split('\n')
      .filter((line) => line.includes('PUBLIC_URL'));
  await expect.poll(lines).toEqual([expect.stringContaining(`links in mails lead to http://localhost:${port}`)]);
});

it('a folder that is a file, or lies below one, is named', async () => {
  const file = join(folder(), 'a-file');
  writeFileSync(file, '');
  for (const dataDir of [file, join(file, 'data')])
    expect(await refusal({ DATA_DIR: dataDir })).toMatch(/The folder \S+a-file\S* cannot be written.*DATA_DIR/);
});

it('a folder that another process holds is named, with that process; nothing happens to it', async () => {
  const line = await refusal({ DATA_DIR: running.dataDir });
  expect(line).toContain(`${running.dataDir} is held by another process (pid ${running.program().pid})`);
  expect((await running.call('GET /readyz')).status).toBe(200);
  expect((await running.admin.ok('POST /api/tasks', { title: 'Still at work' })).status).toBe(201);
});

it('a damaged store is reported, and what to do', { timeout: 120_000 }, async () => {
  const installation = await openInstallation();
  onTestFinished(() => installation.remove());
  await installation.admin.ok('POST /api/tasks', { title: 'Here it will break' });
  expect(await installation.stop()).toEqual({ code: 0, signal: null });
  const backup = join(folder(), 'backup');
  cpSync(installation.dataDir, backup, { recursive: true });
  const file = join(installation.dataDir, 'events.db');
  const bytes = readFileSync(file);
  // What a person wrote is sealed; any byte of it will do.
  const at = bytes.lastIndexOf('"box":"') + 20;
  expect(at).toBeGreaterThan(20);
  writeFileSync(file, bytes.with(at, (bytes[at] ?? 0) ^ 1));
  expect(await refusal(installation.env)).toMatch(/The event store is damaged: .*backup/);
  // The operator's command says the same.
  expect(await refusal(installation.env, ['replay'])).toMatch(/The event store is damaged: .*backup/);
  // What it says to do helps.
  rmSync(installation.dataDir, { recursive: true });
  cpSync(backup, installation.dataDir, { recursive: true });
  await installation.start();
  expect((await installation.call('GET /readyz')).status).toBe(200);
});

it('files that are no databases are reported', { timeout: 120_000 }, async () => {
  const says = { 'events.db': 'event store is damaged', 'secrets.db': 'secrets', 'outbox.db': 'outbox.db' };
  const file = 'This is no database, and long enough to be taken for one. '.repeat(200);
  for (const [name, what] of Object.entries(says)) {
    const dataDir = folder();
    writeFileSync(join(dataDir, name), file);
    expect(await refusal({ DATA_DIR: dataDir }), name).toContain(what);
  }
  // A database of somebody else is left as it is.
  const dataDir = folder();
  new DatabaseSync(join(dataDir, 'read-models.db')).exec('CREATE TABLE recipes (name TEXT)');
  expect(await refusal({ DATA_DIR: dataDir })).toContain('another database');
  expect(new DatabaseSync(join(dataDir, 'read-models.db')).prepare('SELECT * FROM recipes').all()).toEqual([]);
});

it('exactly one line of stdout has the address, and the first admin’s password is shown only on the first start', { timeout: 120_000 }, async () => {
  const dataDir = folder();
  const env = { DATA_DIR: dataDir, PORT: '0', LOG_LEVEL: 'warn' };
  const addresses = (program: Program) => program.stdout().match(/^.*http:\/\/127\.0\.0\.1:\d+.*$/gm);
  const first = run([], env);
  const url = await first.url();
  expect(addresses(first)).toHaveLength(1);
  const password = /admin@localhost\.localdomain with the password (\S+)/.exec(first.stdout())?.[1] ?? '';
  await logIn(() => url, { name: '', email: 'admin@localhost.localdomain', password });
  expect(readdirSync(dataDir)).toContain('running.json');
  // What is normal at a first start is no warning.
  expect(first.stderr().match(/^.*"level":[4-6]0.*$/gm)).toBeNull();
  expect(await first.end('SIGTERM')).toEqual({ code: 0, signal: null });
  expect(addresses(first)).toHaveLength(1);
  expect(readdirSync(dataDir)).not.toContain('running.json');
  const second = run([], env);
  const again = await second.url();
  expect(second.stdout()).toMatch(/^taskledger \S+ listens on http:\/\/127\.0\.0\.1:\d+ \(pid \d+\)\n$/);
  await logIn(() => again, { name: '', email: 'admin@localhost.localdomain', password });
  expect(await second.end('SIGINT')).toEqual({ code: 0, signal: null });
});

it('a command that is none is told how to use it', async () => {
  const dataDir = join(folder(), 'data');
  const program = run(['dance'], { DATA_DIR: dataDir });
  expect(await program.ended).toEqual({ code: 1, signal: null });
  expect(program.stderr()).toMatch(/^taskledger: there is no command dance\. What there is says: npm start -- --help\n$/);
  expect(existsSync(dataDir)).toBe(false);
});

it.each([
  [['--dance'], 'there is no option --dance'],
  [['dance', '--help'], 'there is no command dance'],
  [['help', 'dance'], 'there is no command dance'],
  [['gateway', '--dance'], "gateway: Unknown option '--dance'"],
  [['gateway', 'now'], 'gateway: it takes no now'],
  [['notifier', '--workers'], "notifier: Option '--workers <value>' argument missing"],
  [['notifier', '--deliver', 'pigeon'], 'notifier: --deliver takes one channel alone, not pigeon'],
  [['notifier', '--workers=pigeon=2'], '--workers takes pairs like email=2,sms=1'],
  [['replay', '--dance'], "replay: Unknown option '--dance'"],
  [['backup', '--dance'], "backup: Unknown option '--dance'"],
  [['backup'], 'backup: it takes one folder'],
  [['migrate', 'now'], 'migrate: it takes no now'],
  [['media', 'copy', 'a'], 'media: it takes verify, verify --hashes, claim, or copy <from> <to>'],
  [['users'], 'users: one of list, create, role, reset-password, end-sessions, confirm, second-factor, export is missing behind it'],
  [['users', 'dance'], 'users: there is no users dance'],
  [['users', 'list', '-x'], "users: Unknown option '-x'"],
  [['users', 'create', 'a@example.org', 'queen'], 'users: there is no role queen'],
  [['users', 'role', 'a@example.org'], 'users: users role takes other words than a@example.org'],
  [['users', 'list', '--password'], 'users: users list takes no --password'],
  [['dead-letters', 'list', '--all'], 'dead-letters: dead-letters list takes no --all'],
  [['dead-letters', 'list', 'pigeons'], 'dead-letters: dead-letters list takes other words than pigeons'],
])('%j is told what is wrong with it, before anything else is, and nothing is opened', async (args, words) => {
  const dataDir = join(folder(), 'data');
  const program = run([...args], { DATA_DIR: dataDir });
  expect(await program.ended).toEqual({ code: 1, signal: null });
  expect([program.stdout(), program.stderr()]).toEqual(['', expect.stringContaining(`taskledger: ${words}`)]);
  expect(existsSync(dataDir)).toBe(false);
});

it.each(['127.0.0.1', '0.0.0.0'])('a first start on %s prints the password and the address, and nothing that somebody has to mend', async (HOST) => {
  const program = run([], { DATA_DIR: join(folder(), 'data'), HOST, PORT: '0', LOG_LEVEL: 'info' });
  await program.url();
  const lines = `${program.stdout()}${program.stderr()}`.split('\n').filter(Boolean);
  expect(lines.filter((line) => /"level":[4-9]\d/.test(line))).toEqual([]);
  expect(lines.filter((line) => line.includes('read model'))).toEqual([]);
  expect(lines.filter((line) => !line.startsWith('{')).map((line) => line.split(' ')[0])).toEqual(['The', 'taskledger']);
  await program.end('SIGTERM');
});

it.each([
  [['--version'], /^taskledger \d+\.\d+\.\d+\n$/],
  [['--help'], /^usage: npm start +the whole system/],
  [['-h'], /^usage: npm start +the whole system/],
  [['help', 'backup'], /^usage: npm start -- backup <folder>/],
  ...COMMANDS.map((command) => [[command, '--help'], new RegExp(`^usage: npm start -- ${command}`)] as const),
] as const)('%j is answered in words, and nothing is opened', async (args, words) => {
  const dataDir = join(folder(), 'data');
  const program = run([...args], { DATA_DIR: dataDir });
  expect(await program.ended).toEqual({ code: 0, signal: null });
  expect([program.stdout(), program.stderr()]).toEqual([expect.stringMatching(words), '']);
  expect(existsSync(dataDir)).toBe(false);
});

it('SIGTERM ends it with 0, finishing what is at hand, with sockets and connections open', async () => {
  const installation = await openInstallation();
  onTestFinished(() => installation.remove());
  const alice = await installation.register('Alice');
  const board = follow(installation, alice, 'tasks');
  onTestFinished(() => board.close());
  await board.joined();
  const sent = Array.from({ length: 50 }, (_, n) => alice.call('POST /api/tasks', { title: `At the end ${n}` }).catch(() => null));
  await Promise.race(sent);
  expect(await installation.stop(), installation.output()).toEqual({ code: 0, signal: null });
  const acknowledged = (await Promise.all(sent)).filter((reply) => reply?.status === 201).map((reply) => reply?.body.id);
  expect(acknowledged.length).toBeGreaterThan(0);
  await installation.start();
  for (const id of acknowledged) expect((await alice.call(`GET /api/tasks/${id}/history`)).status).toBe(200);
});
