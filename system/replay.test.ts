import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { projectors } from '../projections/projectors.ts';
import { everyItem, type User } from './client.fixture.ts';
import { mailComes, mailsSettle, mailsTo } from './mails.fixture.ts';
import { type Program, runProgram } from './program.fixture.ts';
import { type Installation, openInstallation } from './system.fixture.ts';

const MODELS = projectors.map(({ model }) => model.name).sort();
const LINE = /^(\w+) {2}([\d ]+) events in \d+(?:\.\d+)? s, [\d ]+ events\/s$/gm;

let system: Installation;
let alice: User;
let bob: User;

beforeAll(async () => {
  system = await openInstallation();
  [alice, bob] = await Promise.all([system.register('Alice'), system.register('Bob')]);
  await Promise.all(Array.from({ length: 12 }, (_, n) => history(n)));
  await Promise.all([alice, bob].map(({ email }) => mailComes(system.admin, email, 'Confirm your registration')));
  await mailsSettle(system.admin);
}, 120_000);
afterAll(() => system?.remove());

/** A task with a life. */
async function history(n: number): Promise<void> {
  const { body: task } = await alice.ok('POST /api/tasks', {
    title: `Task ${n} Straße`,
    labels: n % 2 ? ['odd'] : [],
    ...(n % 3 ? { userId: bob.id, deadline: `2099-01-${10 + n}T00:00:00Z` } : {}),
  });
  for (let m = 0; m < 20; m++) await alice.ok(`POST /api/tasks/${task.id}/comments`, { text: `Comment ${m}` });
  await alice.ok(`PATCH /api/tasks/${task.id}`, { priority: 'urgent', description: `About ${n}` });
  if (n % 2) await alice.ok(`PUT /api/tasks/${task.id}/status`, { status: 'done' });
  if (n % 5 === 4) await alice.ok(`DELETE /api/tasks/${task.id}`);
}

/** Every list and every detail that there is, as it came over the wire. */
async function answers(): Promise<Record<string, string>> {
  const sorts = ['createdAt', 'updatedAt', 'deadline', 'priority', 'title']
    .flatMap((sort) => [sort, `-${sort}`])
    .map((sort) => `sort=${sort}&limit=100`);
  const filters = [
    ...sorts,
    'status=done',
    'label=odd',
    'q=strasse',
    'assignee=none',
    `assignee=${bob.id}`,
    'due=before:2099-01-15T00:00:00Z',
    'limit=2',
  ];
  const lists = ['/api/users?limit=100', '/api/users?q=ali', '/api/notifications?all&limit=100', ...filters.map((one) => `/api/tasks?${one}`)];
  const ids = async (path: string) => (await everyItem(system.admin.call, path)).map((one) => one.id as string);
  const details = await Promise.all([
    ids('/api/tasks?limit=100').then((all) => all.map((id) => `/api/tasks/${id}`)),
    ids('/api/users?limit=100').then((all) => all.map((id) => `/api/users/${id}`)),
    ids('/api/notifications?all&limit=100').then((all) => all.map((id) => `/api/notifications/${id}`)),
  ]);
  const found: Record<string, string> = {};
  for (const path of [...lists, ...details.flat()]) {
    const { headers, text } = await system.admin.ok(`GET ${path}`);
    found[path] = `${headers.get('etag')} ${headers.get('link')} ${text}`;
  }
  return found;
}

/** Waits until queries show the log's end. */
async function caughtUp(): Promise<void> {
  const { headers } = await system.admin.ok(`GET /api/tasks/${(await everyItem(alice.call, '/api/tasks'))[0].id}/history`);
  const after = { 'read-after': headers.get('position') ?? '' };
  const paths = ['/api/tasks', '/api/users', '/api/notifications', `/api/tasks/${crypto.randomUUID()}`];
  await vi.waitFor(
    async () => {
      for (const path of paths) expect((await system.admin.call(`GET ${path}`, undefined, after)).status, path).toBeOneOf([200, 404]);
    },
    { timeout: 20_000 },
  );
}

/** It must end well; answers how many events each read model was made from, by the last line of each. */
async function replayed(program: Program): Promise<Record<string, number>> {
  expect(await program.ended, program.stderr()).toEqual({ code: 0, signal: null });
  const done = program
    .stdout()
    .split('\n')
    .flatMap((line) => [...line.matchAll(LINE)]);
  return Object.fromEntries(done.map(([, name, events]) => [name, Number(events?.replaceAll(' ', ''))]));
}

/** One clear line, exit code 1. */
async function refused(program: Program): Promise<string> {
  expect(await program.ended, program.stderr()).toEqual({ code: 1, signal: null });
  expect(program.stdout()).toBe('');
  return program.stderr();
}

it('read models that were deleted are made again at the start, equal to the byte', { timeout: 120_000 }, async () => {
  const before = await answers();
  expect(Object.keys(before).length).toBeGreaterThan(40);
  const mails = (await mailsTo(system.admin)).length;
  expect(await system.stop()).toEqual({ code: 0, signal: null });
  const files = readdirSync(system.dataDir).filter((name) => name.startsWith('read-models.db'));
  expect(files.length).toBeGreaterThan(0);
  for (const name of files) rmSync(join(system.dataDir, name));
  await system.start();
  await caughtUp();
  expect(await answers()).toEqual(before);
  expect((await mailsTo(system.admin)).length).toBe(mails);
});

it('replay, where no process runs, makes them from history and says how fast', { timeout: 120_000 }, async () => {
  const before = await answers();
  const mails = (await mailsTo(system.admin)).length;
  await system.stop();
  const events = await replayed(runProgram(['replay'], system.env));
  expect(Object.keys(events).sort()).toEqual(MODELS);
  // 20 comments on each of 12 tasks, and what else happened.
  expect(Math.min(...Object.values(events))).toBeGreaterThan(240);
  expect(Object.keys(await replayed(runProgram(['replay', 'task_list', 'user_directory'], system.env))).sort()).toEqual([
    'task_list',
    'user_directory',
  ]);
  const unknown = await refused(runProgram(['replay', 'task_list', 'tasks'], system.env));
  expect(unknown).toBe(`taskledger: There is no projection tasks; there are ${projectors.map(({ model }) => model.name).join(', ')}.\n`);
  await system.start();
  await caughtUp();
  expect(await answers()).toEqual(before);
  expect((await mailsTo(system.admin)).length).toBe(mails);
});

it('replay, where a process runs, goes through it while commands and queries go on, and nothing is down', { timeout: 120_000 }, async () => {
  const mails = (await mailsTo(system.admin)).length;
  const started = (await everyItem(alice.call, '/api/tasks?limit=100')).length;
  let going = true;
  let made = 0;
  const load = (async () => {
    while (going) {
      const { body } = await alice.ok('POST /api/tasks', { title: `Meanwhile ${made++}` });
      const after = { 'read-after': body.position };
      const [one, list] = await Promise.all([
        alice.ok(`GET /api/tasks/${body.id}`, undefined, after),
        everyItem(alice.call, '/api/tasks?limit=100', after),
        alice.ok('GET /api/users', undefined, after),
        alice.ok('GET /api/notifications', undefined, after),
      ]);
      expect(one.body.title).toMatch(/^Meanwhile/);
      expect(list.length).toBe(started + made);
    }
  })();
  const replaying = replayed(runProgram(['replay'], system.env)).finally(() => {
    going = false;
  });
  const [events] = await Promise.all([replaying, load]);
  expect(made).toBeGreaterThan(0);
  expect(Object.keys(events).sort()).toEqual(MODELS);
  expect(await refused(runProgram(['replay', 'tasks'], system.env))).toMatch(/^taskledger: There is no projection tasks; there are .*\.\n$/);
  await mailsSettle(system.admin);
  // One mail for each task that was made meanwhile, and one for the last of mailsSettle.
  expect((await mailsTo(system.admin)).length).toBe(mails + made + 1);
  const { body } = await system.admin.ok('GET /api/admin/projections');
  expect(body.items.map((one: { name: string }) => one.name).sort()).toEqual(MODELS);
  await caughtUp();
  const before = await answers();
  await replayed(runProgram(['replay'], system.env));
  expect(await answers()).toEqual(before);
});
