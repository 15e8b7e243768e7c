import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { RecordedEvent } from '../contracts/message.ts';
import type { EventStore } from '../platform/event-store/event-store.ts';
import { newEvent } from '../platform/event-store/in-memory.fixture.ts';
import { openEventStore } from '../platform/event-store/open.ts';
import { caller, logIn, problemOf, type User } from './client.fixture.ts';
import { mailsTo } from './mails.fixture.ts';
import { SILENT } from './open-log.fixture.ts';
import { type Installation, openInstallation } from './system.fixture.ts';

let system: Installation;
let anna: User;
let bert: User;
let task: string;

/** Appends what a newer release wrote into this installation's store, while this one was away. */
beforeAll(async () => {
  system = await openInstallation();
  anna = await system.register('Anna');
  bert = await system.register('Bert');
  task = (await bert.ok('POST /api/tasks', { title: 'Lamp' })).body.id;
  // What is still to be mailed of it could not be read afterwards, and would be listed with what is parked.
  await vi.waitFor(async () => expect((await mailsTo(system.admin, bert.email)).map(({ subject }) => subject).join()).toContain('Lamp'));
  await system.stop();
  const store = await openEventStore('sqlite:', { dataDir: system.dataDir, log: SILENT });
  await append(store, `user-${anna.id}`, { ...newEvent('UserEdited'), type: 'UserCelebrated', data: { exists: false } });
  const edited = newEvent('TaskEdited');
  await append(store, `task-${task}`, { ...edited, data: { title: ['of', 'a', 'newer', 'shape'] }, metadata: { ...edited.metadata, schema: 99 } });
  await store.close();
  await expect(system.start()).rejects.toThrow(/newer release.*TaskEdited \(shape 99\), |newer release.*UserCelebrated \(shape 1\)/s);
  system.env.ALLOW_OLDER = '1';
  await system.start();
});
afterAll(() => system?.remove());

async function append(store: EventStore, stream: string, event: ReturnType<typeof newEvent>): Promise<void> {
  let last: RecordedEvent | undefined;
  for await (const page of store.readStream(stream, { direction: 'backwards', limit: 1 })) last = page[0];
  await store.append(stream, last?.revision ?? -1, [event]);
}

it('invariant 17: a user whose stream has an event of an unknown type logs in, and keeps the address', async () => {
  const again = await logIn(system.url, anna);
  expect(again.id).toBe(anna.id);
  expect((await again.ok(`GET /api/users/${anna.id}`)).body).toMatchObject({ name: 'Anna', email: anna.email });
  const stranger = { name: 'Stranger', email: anna.email.toUpperCase(), password: 'a long one of somebody' };
  expect([409, 503]).toContain((await system.call('POST /api/users', stranger)).status);
  expect((await logIn(system.url, anna)).id).toBe(anna.id);
});

it('invariant 17: commands on what is not wholly known, and those that need it, are 503 and record nothing', async () => {
  const [admin, worker] = await Promise.all([logIn(system.url, system.admin), logIn(system.url, bert)]);
  const refused: [User, string, unknown][] = [
    [admin, `PATCH /api/users/${anna.id}`, { name: 'Anne' }],
    [admin, `DELETE /api/users/${anna.id}`, undefined],
    [worker, 'POST /api/tasks', { title: 'For Anna', userId: anna.id }],
    [worker, `PATCH /api/tasks/${task}`, { title: 'Lamps' }],
    [worker, `POST /api/tasks/${task}/comments`, { text: 'Well?' }],
  ];
  for (const [user, what, body] of refused) {
    const reply = await user.call(what, body);
    expect(problemOf(reply), what).toMatchObject({ status: 503, code: 'unavailable' });
    expect(reply.body.detail).toContain('newer release');
  }
  const { body } = await worker.ok(`GET /api/tasks/${task}/history`);
  expect(body.items.map(({ type }: { type: string }) => type)).toEqual(['TaskCreated', 'TaskEdited']);
});

it('invariant 17: a password whose change could not be recorded stays, and so do the sessions', async () => {
  const again = await logIn(system.url, anna);
  const reply = await again.call('PUT /api/me/password', { current: anna.password, new: 'staple of the month' });
  expect(problemOf(reply)).toMatchObject({ status: 503, code: 'unavailable' });
  expect(reply.body.detail).toContain('newer release');
  expect((await again.call('GET /api/me')).status).toBe(200);
  await logIn(system.url, anna);
});

it('invariant 17: queries, other users and other things go on, and it is counted and said', async () => {
  const worker = await logIn(system.url, bert);
  const made = await worker.ok('POST /api/tasks', { title: 'Another lamp', userId: system.admin.id });
  const after = { 'Read-After': made.headers.get('position') ?? '' };
  expect((await worker.ok(`GET /api/tasks/${task}`, undefined, after)).body).toMatchObject({ title: 'Lamp' });
  expect((await worker.ok('GET /api/tasks', undefined, after)).body.items).toHaveLength(2);
  const subjects = async () => (await mailsTo(system.admin, system.admin.email)).map(({ subject }) => subject);
  await vi.waitFor(async () => expect((await subjects()).join()).toContain('Another lamp'), { timeout: 20_000, interval: 50 });
  const someone = await system.register('Someone');
  expect((await someone.ok('GET /api/tasks')).body.items).toHaveLength(2);
  expect((await caller(system.url)('GET /metrics')).text).toMatch(/^taskledger_unknown_events_total 2$/m);
  const said = system
    .output()
    .split('\n')
    .filter((line) => line.includes('"level":50'));
  expect(said.map((line) => JSON.parse(line).err?.message).sort()).toEqual([
    expect.stringMatching(/^TaskEdited \(shape 99\)/),
    expect.stringMatching(/^UserCelebrated \(shape 1\)/),
  ]);
  const admin = await logIn(system.url, system.admin);
  await vi.waitFor(async () => {
    const { body } = await admin.ok('GET /api/admin/parked');
    expect(body.items.map(({ follower, type }: { follower: string; type: string }) => [follower, type]).sort()).toEqual([
      ['erasures', 'UserCelebrated'],
      ['held_mail', 'UserCelebrated'],
      ['registration_mail', 'UserCelebrated'],
      ['task_mail', 'TaskEdited'],
      ['task_repairs', 'TaskEdited'],
      ['unassign', 'UserCelebrated'],
      ['unassign_late', 'TaskEdited'],
    ]);
  });
});

it('invariant 17: a read model that is made anew passes it, too', async () => {
  const admin = await logIn(system.url, system.admin);
  await admin.ok('POST /api/admin/projections/task_detail/rebuild');
  await vi.waitFor(async () => expect((await admin.ok('GET /api/admin/projections/task_detail/rebuild')).body.state).toBe('done'), {
    timeout: 10_000,
  });
  expect((await admin.ok(`GET /api/tasks/${task}`)).body).toMatchObject({ title: 'Lamp' });
});
