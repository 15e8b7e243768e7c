import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { everyItem, logIn, problemOf, type User } from './client.fixture.ts';
import { mailComes, mailsSettle, mailsTo } from './mails.fixture.ts';
import { type Program, runProgram } from './program.fixture.ts';
import { type Installation, openInstallation } from './system.fixture.ts';

const EVENT_STORE = ['events.db', 'events.db-witness'];
const FILES = [...EVENT_STORE, 'secrets.db'];

const folder = mkdtempSync(join(tmpdir(), 'restore-'));
const kept = join(folder, 'kept');
let system: Installation;
let alice: User;
/** What the system answered when the backup was made. */
let then: Record<string, string>;
let mailsThen: string[];

/** Lists and details, as they came over the wire. */
async function answers(): Promise<Record<string, string>> {
  const paths = ['/api/tasks?limit=100', '/api/tasks?q=lamp&limit=100', '/api/users?limit=100', '/api/notifications?all&limit=100'];
  for (const { id } of await everyItem(system.admin.call, '/api/tasks?limit=100')) paths.push(`/api/tasks/${id}`, `/api/tasks/${id}/history`);
  const found = await Promise.all(paths.map(async (path) => [path, (await system.admin.ok(`GET ${path}`)).text] as const));
  return Object.fromEntries(found);
}

const messageIds = async () => (await mailsTo(system.admin)).map(({ messageId }) => messageId);

/** It must end well. */
async function succeeds(program: Program): Promise<string> {
  expect(await program.ended, program.stderr()).toEqual({ code: 0, signal: null });
  return program.stdout();
}

/** One clear line, exit code 1. */
async function refused(program: Program): Promise<string> {
  expect(await program.ended, program.stderr()).toEqual({ code: 1, signal: null });
  return program.stderr();
}

/** Files of `from` in the place of those of the installation, with everything that belongs to these. */
function putBack(from: string, names: readonly string[]): void {
  const stores = new Set(names.map((name) => name.replace(/-witness$/, '')));
  for (const name of readdirSync(system.dataDir)) if ([...stores].some((store) => name.startsWith(store))) rmSync(join(system.dataDir, name));
  for (const name of names) copyFileSync(join(from, name), join(system.dataDir, name));
}

/** A working life: commands of which some change what was there before. */
async function goOn(from: number): Promise<void> {
  const tasks = (await everyItem(alice.call, '/api/tasks?limit=100')).filter(({ title }) => title.startsWith('Change'));
  for (let n = from; n < from + 15; n++) {
    const { body } = await alice.ok('POST /api/tasks', { title: `Change lamp ${n}`, labels: ['lamp'] });
    await alice.ok(`POST /api/tasks/${body.id}/comments`, { text: `About ${n}` });
  }
  for (const { id } of tasks.slice(0, 5)) await alice.ok(`PATCH /api/tasks/${id}`, { priority: 'urgent', title: `Another title ${from}` });
  const { id } = tasks.at(-1) ?? {};
  if (id) await alice.ok(`DELETE /api/tasks/${id}`);
}

/** The system must come to answer as it did when the backup was made. */
async function isAsThen(): Promise<void> {
  await vi.waitFor(async () => expect(await answers()).toEqual(then), { timeout: 30_000, interval: 100 });
}

/** It decides, shows, and sends one mail for it. */
async function works(title: string): Promise<void> {
  const { body } = await alice.ok('POST /api/tasks', { title });
  expect((await alice.ok(`GET /api/tasks/${body.id}`, undefined, { 'read-after': body.position })).body).toMatchObject({ title });
  await mailComes(system.admin, alice.email, `New task: ${title}`);
}

beforeAll(async () => {
  system = await openInstallation();
  alice = await system.register('Alice');
  await goOn(0);
  await mailsSettle(system.admin);
}, 120_000);
afterAll(async () => {
  await system?.remove();
  rmSync(folder, { recursive: true, force: true });
});

it('backup, while a process works, makes a folder to start on, that holds all that was answered before', { timeout: 120_000 }, async () => {
  const dataDir = join(folder, 'while-it-works');
  const { body: before } = await alice.ok('POST /api/tasks', { title: 'Answered before' });
  let going = true;
  const load = (async () => {
    for (let n = 0; going; n++) await alice.ok('POST /api/tasks', { title: `Meanwhile ${n}` });
  })();
  const told = await succeeds(runProgram(['backup', dataDir], system.env)).finally(() => {
    going = false;
  });
  await load;
  expect(told).toMatch(/^Backed up events\.db, secrets\.db, outbox\.db with \d+ events to .*while-it-works; the copy was read through\..*\n$/);
  expect(readdirSync(folder)).toEqual(['while-it-works']);
  expect(readdirSync(dataDir).sort()).toEqual(['events.db', 'events.db-witness', 'outbox.db', 'secrets.db']);
  for (const name of readdirSync(dataDir)) expect(statSync(join(dataDir, name)).mode & 0o077, name).toBe(0);

  const other = runProgram([], { ...system.env, DATA_DIR: dataDir, PORT: '0' });
  const url = await other.url();
  const again = await logIn(() => url, alice);
  await vi.waitFor(async () => expect((await again.call(`GET /api/tasks/${before.id}`)).body).toMatchObject({ title: 'Answered before' }));
  // What was answered later than the backup was made may not be there; of what is there, nothing is missing in between.
  const titles = (await everyItem(again.call, '/api/tasks?q=meanwhile&limit=100')).map(({ title }) => Number(title.slice(10)));
  expect(titles.sort((a, b) => a - b)).toEqual(titles.map((_, n) => n));
  await other.end('SIGTERM');
});

it('backup after a kill has what the write-ahead log has', { timeout: 120_000 }, async () => {
  const dataDir = join(folder, 'after-a-kill');
  const { body: last } = await alice.ok('POST /api/tasks', { title: 'The last words' });
  await system.kill();
  expect(statSync(join(system.dataDir, 'events.db-wal')).size).toBeGreaterThan(0);
  await succeeds(runProgram(['backup', dataDir], system.env));
  await system.start();
  const db = new DatabaseSync(join(dataDir, 'events.db'), { readOnly: true });
  expect(db.prepare('SELECT count(*) AS n FROM events WHERE stream = ?').get(`task-${last.id}`)).toEqual({ n: 1 });
  db.close();
});

it('backup refuses a folder with something in it, a wrong call, and a folder without an installation', { timeout: 60_000 }, async () => {
  const full = mkdtempSync(join(folder, 'full-'));
  writeFileSync(join(full, 'mine'), '');
  expect(await refused(runProgram(['backup', full], system.env))).toMatch(/^taskledger: .* is not empty\. Name a folder that is not there yet\.\n$/);
  expect(readdirSync(full)).toEqual(['mine']);
  expect(await refused(runProgram(['backup'], system.env))).toMatch(/^taskledger: backup: it takes one folder/);
  const nothing = join(folder, 'nothing');
  expect(await refused(runProgram(['backup', join(folder, 'to')], { ...system.env, DATA_DIR: nothing }))).toMatch(
    /^taskledger: There is nothing to back up: .* has no events\.db\..*\n$/,
  );
  expect(existsSync(nothing)).toBe(false);
});

it('what docs/RUNNING.md says to watch is in /metrics', async () => {
  const page = readFileSync(new URL('../docs/RUNNING.md', import.meta.url), 'utf8');
  const names = new Set(page.match(/\b(?:taskledger|nodejs)_[a-z0-9_]+[a-z0-9]/g));
  const there = (await (await fetch(`${system.url()}/metrics`)).text()).split('\n').flatMap((line) => /^# TYPE (\S+)/.exec(line)?.[1] ?? []);
  const own = there.filter((name) => name.startsWith('taskledger_'));
  expect([...names].filter((name) => name !== 'taskledger_secrets' && !there.includes(name))).toEqual([]);
  expect(own.filter((name) => !names.has(name))).toEqual([]);
});

it('invariant 7: read models ahead of a restored log are made anew: no ghosts, new commands work, no mail comes again', {
  timeout: 120_000,
}, async () => {
  await mailsSettle(system.admin);
  [then, mailsThen] = [await answers(), await messageIds()];
  await succeeds(runProgram(['backup', kept], system.env));
  await goOn(100);
  const { name, email, password } = await system.register('Carol');
  const carol = { name, email, password };
  await mailComes(system.admin, email, 'Confirm your registration');
  await mailsSettle(system.admin);
  const mailsLater = await messageIds();
  expect(await answers()).not.toEqual(then);
  await system.kill();

  putBack(kept, FILES);
  await system.start();
  [system.admin, alice] = [await logIn(system.url, system.admin), await logIn(system.url, alice)];
  await isAsThen();
  expect(await messageIds()).toEqual(mailsLater);

  await works('After the restore');
  // Who registered after the backup is not there, and may register again.
  const { call } = system;
  expect(problemOf(await call('POST /api/login', { email, password }))).toMatchObject({ status: 401 });
  expect((await call('POST /api/users', carol)).status).toBe(201);
  await vi.waitFor(async () => expect(await mailsTo(system.admin, email)).toHaveLength(2), { timeout: 20_000 });
  await mailsSettle(system.admin);
  // One for the new task, one for Carol, one for the last task of mailsSettle; none of what was sent before.
  const sent = await messageIds();
  expect(sent.slice(0, mailsLater.length)).toEqual(mailsLater);
  expect(sent).toHaveLength(mailsLater.length + 3);
  expect(new Set(sent).size).toBe(sent.length);
  expect(mailsLater.length).toBeGreaterThan(mailsThen.length + 15);
});

it('invariant 7: effect checkpoints ahead of the log begin again at its end: no mail comes again', { timeout: 120_000 }, async () => {
  await goOn(200);
  await mailsSettle(system.admin);
  const mailsLater = await messageIds();
  await system.stop();
  const newer = join(folder, 'newer.db');
  copyFileSync(join(system.dataDir, 'events.db'), newer);

  putBack(kept, FILES);
  // As a store of which two parts were put back from two moments.
  rmSync(join(system.dataDir, 'events.db-witness'));
  const db = new DatabaseSync(join(system.dataDir, 'events.db'));
  db.exec(`ATTACH '${newer}' AS newer; DELETE FROM bookkeeping; INSERT INTO bookkeeping SELECT * FROM newer.bookkeeping`);
  const position = (name: string): string => {
    const last = 'SELECT data FROM bookkeeping WHERE stream = ? ORDER BY position DESC LIMIT 1';
    return JSON.parse(String(db.prepare(last).get(name)?.data)).position;
  };
  const ahead = position('_checkpoint-task_mail');
  const head = String(db.prepare('SELECT max(position) AS head FROM events').get()?.head).padStart(16, '0');
  expect(ahead > head).toBe(true);
  await system.start();
  await vi.waitFor(() => expect(position('_checkpoint-task_mail') < ahead).toBe(true), { timeout: 20_000 });
  db.close();
  [system.admin, alice] = [await logIn(system.url, system.admin), await logIn(system.url, alice)];
  await isAsThen();
  await works('After another restore');
  await mailsSettle(system.admin);
  expect(await messageIds()).toEqual([...mailsLater, expect.anything(), expect.anything()]);
});
