import { existsSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Metadata, type NewEvent, NO_STREAM, type RecordedEvent } from '../../contracts/message.ts';
import { SECRET_KINDS } from '../../gateway/identity/secrets/secrets.ts';
import { openPosted } from '../../media/intake/direct/posted.ts';
import { openErasureList } from '../../platform/erasing/erasure-list.ts';
import type { EventStore } from '../../platform/event-store/event-store.ts';
import { anEvent } from '../../platform/event-store/example-event.fixture.ts';
import { effectCheckpoint, endOf } from '../../platform/followers/checkpoint.ts';
import { openParking } from '../../platform/followers/parking.ts';
import { openRequests } from '../../platform/followers/requests.ts';
import { SNAPSHOTS, userReference } from '../../platform/sealing/person-reference.ts';
import { caller, logIn } from '../../system/client.fixture.ts';
import { mailsSettle, mailsTo } from '../../system/mails.fixture.ts';
import { type MailServer, startMailServer } from '../../system/notifications/whole-path.fixture.ts';
import { runProgram } from '../../system/program.fixture.ts';
import { type Installation, openInstallation } from '../../system/system.fixture.ts';
import { openSealing } from '../sealing.ts';
import type { Step } from './migrate/events.ts';
import {
  allOf,
  allSent,
  asItWas,
  contentsOf,
  elsewhere,
  type Folder,
  failingAfter,
  openFolder,
  startParts,
  writeSideOf,
} from './migrate/installation.fixture.ts';
import { migrate, type Stores } from './migrate/move.ts';

const UNMOVED = /^_(snapshot|requests|posted|shapes|sealing|forwarder)/;

const SOMETHING = 'task-0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e01';

let server: MailServer;
let old: Folder;
let parked: RecordedEvent;
const targets: Folder[] = [];

async function emptyTarget(): Promise<Folder> {
  const target = await openFolder();
  targets.push(target);
  return target;
}

/** A store with other positions than the old one's. */
async function target(): Promise<Stores> {
  const { store, secrets } = await emptyTarget();
  return { store: elsewhere(store), secrets };
}

/** Resolves when every notification but those of parked streams is sent. */
const sent = (store: EventStore, count: number) => allSent(store, count, 20_000);

/** A history: mails that were sent, a long stream with its snapshot, effects that are still to be caused, a parked stream, secrets of all kinds. */
beforeAll(async () => {
  server = await startMailServer();
  old = await openFolder();
  const parts = await startParts(old, server.url);
  const write = await writeSideOf(old);
  const users = [await write.register(1), await write.register(2)];
  const user = users[0] as string;
  for (let n = 0; n < 4; n++) await write.makeTask(n, user);
  const long = await write.makeTask(4, user);
  for (let n = 0; n < 260; n++) await write.comment(long, n);
  await write.commands.settle();
  await sent(old.store, 7);
  await parts.stop();
  // What comes now finds no policy at work.
  const [stuck] = await Promise.all([write.makeTask(5, user), write.makeTask(6, user), write.register(3)]);
  parked = (await allOf(old.store.readStream(stuck)))[0] as RecordedEvent;
  await (await openParking(old.store, 'task_mail')).park(parked, new Error('it was poison'));
  await openRequests({ store: old.store, log: { warn: () => {} } }).ask('projections', 'rebuild', 'task_list');
  await (await openPosted({ store: old.store }).take('0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07'))?.letGo();
  const expires = new Date(Date.now() + 3_600_000).toISOString();
  for (let n = 0; n < 520; n++) await old.secrets.put('sessions', { key: `session ${n}`, value: { n }, owner: user, expires });
  await old.secrets.put('credentials', { key: user, value: 'a hash', owner: user });
  await old.secrets.put('credentials', { key: user, value: 'the next hash', owner: user });
  await old.secrets.put('codes', { key: 'gone', value: 1, owner: user, expires: new Date(Date.now() - 1).toISOString() });
  await old.secrets.put('api-keys', { key: 'a backend', value: { hash: 'hashed' }, owner: 'installation' });
  for (const kind of SECRET_KINDS) await old.secrets.put(kind, { key: `with ${kind}`, value: { kind }, owner: user });
});
afterAll(async () => {
  await old?.remove();
  await server?.stop();
});
afterEach(async () => {
  for (const one of targets.splice(0)) await one.remove();
});

describe('moving an installation', () => {
  it('gives the target every event, every secret and every reservation as it was, and leaves the source as it is', async () => {
    const before = await contentsOf(old);
    const to = await target();
    const moved = await migrate(old, to);
    const after = await contentsOf(to);
    expect(after.events.map(asItWas)).toEqual(before.events.map(asItWas));
    expect(after.events.every((event, n) => event.position !== before.events[n]?.position)).toBe(true);
    expect(after.secrets).toEqual(before.secrets);
    expect(after.secrets.credentials?.[0]?.version).toBe(2);
    const streams = new Set(before.bookkeeping.map(({ stream }) => stream).filter((stream) => !UNMOVED.test(stream)));
    expect([...streams].filter((stream) => stream.startsWith('_email-'))).toHaveLength(3);
    expect(new Set(after.bookkeeping.map(({ stream }) => stream))).toEqual(new Set([...streams, '_forwarder', '_sealing', '_shapes']));
    for (const name of [...streams].filter((stream) => /^_(email-|reservations)/.test(stream)))
      expect((await allOf(to.store.readStream(name))).map(({ data }) => data)).toEqual(
        (await allOf(old.store.readStream(name))).map(({ data }) => data),
      );
    expect(moved).toEqual({ events: before.events.length, bookkeeping: streams.size, secrets: Object.values(before.secrets).flat().length });
    expect(before.bookkeeping.some(({ stream }) => stream.startsWith('_snapshot-'))).toBe(true);
    expect(await contentsOf(old)).toEqual(before);
  });

  it('takes erasures along: the list of them, and the notes that keys were destroyed, so that who was erased is so there', async () => {
    const from = await emptyTarget();
    const { keys } = await openSealing({ ...from, signal: new AbortController().signal });
    await keys.toSeal([SNAPSHOTS]);
    const write = await writeSideOf(from);
    const [id, at] = [(await write.register(1)).slice('user-'.length), '2026-11-30T10:00:00.000Z'];
    await write.register(2);
    const list = openErasureList(from.store);
    await list.add({ state: 'begun', person: id, by: id, at });
    await keys.destroy([userReference(id)], at);
    await list.add({ state: 'forgotten', person: id, keys: [userReference(id)], at });
    const to = await target();
    await migrate(from, to);
    const there = openErasureList(to.store);
    await there.readOn();
    expect([...there.destroyed()]).toEqual([[id, { keys: [userReference(id)], at }]]);
    const events = JSON.stringify((await contentsOf(to)).events);
    expect(['[erased]', 'Person 1', 'Person 2'].map((text) => events.includes(text))).toEqual([true, false, true]);
    // A start there finds an older copy of the secrets out, as it does here.
    const opened = await openSealing({ ...to, signal: new AbortController().signal });
    const found = await opened.keys.toOpen([{ of: userReference(id), generation: 1 }]);
    expect([...found.values()]).toEqual(['destroyed']);
  });

  it('leaves what is not ours where it is, in streams of others and in ours, and passes it in the target', async () => {
    const [from, to] = [await target(), await target()];
    const foreign = (): NewEvent => ({ ...anEvent(), metadata: {} as Metadata });
    const write = await writeSideOf(from);
    const user = await write.register(1);
    const task = await write.makeTask(1, user);
    await from.store.append(task, 1, [foreign()]);
    await write.comment(task, 1);
    await from.store.append('ticket-7', NO_STREAM, [anEvent()]);
    await from.store.append(task, 3, [foreign(), foreign()]);
    await write.comment(task, 2);
    await write.comment(task, 3);
    await to.store.append('ticket-8', NO_STREAM, [anEvent()]);
    const whole = await allOf(from.store.readAll({ foreign: true }));
    const [at] = whole.filter(({ stream }) => stream === 'ticket-7');
    await effectCheckpoint(from.store, 'order_mail').load();
    const moving = effectCheckpoint(from.store, 'task_mail');
    await moving.load();
    moving.save({ position: at?.position ?? '', eventId: at?.id ?? '' });
    await moving.flush();
    const ours = await allOf(from.store.readAll());
    const [comment] = ours.slice(-1);
    await (await openParking(from.store, 'task_mail')).park(comment as RecordedEvent, new Error('it was poison'));
    await migrate(from, to);
    const moved = await allOf(to.store.readAll());
    expect(moved.map(({ id }) => id)).toEqual(ours.map(({ id }) => id));
    expect(moved.filter(({ stream }) => stream === task).map(({ revision }) => revision)).toEqual([0, 1, 2, 3, 4]);
    expect((await openParking(to.store, 'task_mail')).list()).toMatchObject([{ stream: task, revision: 4, position: moved.at(-1)?.position }]);
    // The last event of ours before the foreign one at which the policy was.
    const before = whole.slice(0, whole.indexOf(at as RecordedEvent)).findLast(({ stream }) => stream === task)?.id;
    expect((await effectCheckpoint(to.store, 'task_mail').load()).eventId).toBe(before);
  });

  it('takes a stream’s events that follow each other in one append, and tells how far it is', async () => {
    const to = await target();
    const sizes = new Map<string, number[]>();
    const append: EventStore['append'] = (stream, revision, events, options) => {
      sizes.set(stream, [...(sizes.get(stream) ?? []), events.length]);
      return to.store.append(stream, revision, events, options);
    };
    const steps = new Map<Step, number>();
    await migrate(old, { ...to, store: { ...to.store, append } }, (step, { events }) => steps.set(step, events));
    const { events } = await contentsOf(old);
    const [long = ''] = [...sizes].toSorted(([, a], [, b]) => b.length - a.length).find(([, some]) => Math.max(...some) > 1) ?? [];
    expect(sizes.get(long)?.reduce((a, b) => a + b)).toBe(events.filter(({ stream }) => stream === long).length);
    expect(steps).toEqual(
      new Map([
        ['copying', events.length],
        ['comparing', events.length],
      ]),
    );
  });

  it('makes policies go on behind the same event: every mail that was to come comes, once, and none comes again', async () => {
    const to = await target();
    await migrate(old, to);
    // The bus does not get all of history once more.
    const { position } = await endOf(to.store);
    expect((await allOf(to.store.readStream('_forwarder'))).at(-1)?.data).toMatchObject({ position, previous: position, floor: position });
    const parts = await startParts(to, server.url);
    const write = await writeSideOf(to);
    await write.makeTask(7, await write.register(4));
    await sent(to.store, 11);
    // The parked stream waits until it is released.
    const [waiting] = (await openParking(to.store, 'task_mail')).list();
    expect(waiting).toMatchObject({ stream: parked.stream, eventId: parked.id, position: `P${parked.position}` });
    expect(await parts.notifier.release('task_mail', parked.stream, false)).toBe(true);
    await sent(to.store, 12);
    await parts.stop();
    expect(server.taken.map(({ id }) => id).length).toBe(12);
    expect(new Set(server.taken.map(({ id }) => id)).size).toBe(12);
  });

  it('keeps addresses reserved', async () => {
    const to = await target();
    await migrate(old, to);
    const write = await writeSideOf(to);
    await expect(write.register(3, 33)).rejects.toMatchObject({ code: 'conflict' });
    await write.register(5);
  });

  it('interrupted anywhere and run again, ends as if it had not been', { timeout: 120_000 }, async () => {
    const whole = await emptyTarget();
    const counted = failingAfter(whole, Number.POSITIVE_INFINITY, false);
    let writes = 0;
    const append: EventStore['append'] = (...args) => {
      writes++;
      return counted.store.append(...args);
    };
    await migrate(old, { ...counted, store: { ...counted.store, append } });
    const expected = await contentsOf(whole);
    // Of `_forwarder` only the last event means something.
    const plain = ({ bookkeeping, ...rest }: typeof expected) => ({
      ...rest,
      forwarder: bookkeeping.findLast(({ stream }) => stream === '_forwarder')?.data,
      bookkeeping: bookkeeping
        .filter(({ stream }) => !['_forwarder', '_sealing', '_shapes'].includes(stream))
        .map(({ stream, id, time, data }) => ({ stream, id, time, data })),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(writes + 100), fc.boolean()), { minLength: 1, maxLength: 3 }), async (stops) => {
        const to = await emptyTarget();
        for (const [after, recorded] of stops) {
          const failing = failingAfter(to, after, recorded);
          const outcome = await migrate(old, failing).then(
            () => 'done',
            (error: Error) => error.message,
          );
          expect(outcome).toBe(failing.failed() ? 'the plug was pulled' : 'done');
        }
        await migrate(old, to);
        expect(plain(await contentsOf(to))).toEqual(plain(expected));
      }),
      { numRuns: 6 },
    );
  });

  it('run again after the source went on, moves what came and ends what ended there', async () => {
    const from = await emptyTarget();
    await migrate(old, from);
    const to = await target();
    await migrate(from, to);
    const write = await writeSideOf(from);
    const task = await write.makeTask(8, await write.register(8));
    await write.comment(task, 1);
    const parking = await openParking(from.store, 'task_mail');
    await parking.release(parked.stream, async () => {});
    await from.secrets.delete('sessions', 'session 7');
    await from.secrets.put('sessions', { key: 'session 8', value: 'refreshed', owner: 'me' });
    const steps = new Set<Step>();
    await migrate(from, to, (step) => steps.add(step));
    expect([...steps]).toEqual(['resuming', 'copying', 'comparing']);
    const [before, after] = [await contentsOf(from), await contentsOf(to)];
    expect(after.events.map(asItWas)).toEqual(before.events.map(asItWas));
    expect(after.secrets).toEqual(before.secrets);
    expect((await openParking(to.store, 'task_mail')).list()).toEqual([]);
  });
});

describe('a target is refused, and left as it is, that', () => {
  async function isRefused(to: Stores, message: RegExp): Promise<void> {
    const before = await contentsOf(to);
    await expect(migrate(old, to)).rejects.toMatchObject({ name: 'UserError', message: expect.stringMatching(message) });
    expect(await contentsOf(to)).toEqual(before);
  }

  it('holds events of something else', async () => {
    const to = await target();
    await to.store.append(SOMETHING, NO_STREAM, [anEvent()]);
    await isRefused(to, /is not empty: it holds task-0b9f2b2e-[-0-9a-f]+, .*Give it an empty one/);
  });

  it('holds bookkeeping of a part that waits there', async () => {
    const to = await target();
    await to.store.append('_checkpoint-task_mail', NO_STREAM, [anEvent()]);
    await isRefused(to, /is not empty: it holds _checkpoint-task_mail/);
  });

  it('was started since', async () => {
    const to = await target();
    await migrate(old, to);
    const parts = await startParts(to, server.url);
    await sent(to.store, 9);
    await parts.stop();
    await isRefused(to, /A process of taskledger has run/);
  });

  it('holds a history that is not the beginning of this one', async () => {
    const to = await target();
    await migrate(old, to);
    await to.store.append(SOMETHING, NO_STREAM, [anEvent()]);
    await isRefused(to, /holds other events than this installation: TaskCreated, event 0 of task-0b9f2b2e/);
  });

  it('holds the secrets of another installation', async () => {
    const to = await target();
    await writeSideOf({ ...to, store: (await emptyTarget()).store });
    await isRefused(to, /secrets are those of another installation/);
  });
});

describe('npm start -- migrate', () => {
  let system: Installation;
  beforeAll(async () => {
    system = await openInstallation();
  }, 120_000);
  afterAll(() => system?.remove());
  const servers = {
    EVENT_STORE_URL: 'esdb://127.0.0.1:1?tls=false',
    SECRETS_URL: 'mongodb://127.0.0.1:1/taskledger_secrets',
    ADMIN_EMAIL: 'admin@localhost.localdomain',
  };

  /** Its one line of an error. */
  async function refusal(env: Record<string, string>): Promise<string> {
    const program = runProgram(['migrate'], { ...system.env, ...env });
    expect(await program.ended, program.stderr()).toEqual({ code: 1, signal: null });
    expect(program.stdout()).toBe('');
    return program.stderr();
  }

  it('says in one line what it cannot move, and where it cannot move to', async () => {
    expect(await refusal({})).toBe(
      'taskledger: migrate: EVENT_STORE_URL must name a server, like esdb://host:2113?tls=false; SECRETS_URL must name a server, like mongodb://host:27017/taskledger_secrets\n',
    );
    expect(await refusal(servers)).toMatch(/^taskledger: The folder .* is held by another process \(pid \d+\)\. Stop that one.*\n$/);
    expect(await refusal({ ...servers, DATA_DIR: `${system.dataDir}/nothing` })).toMatch(
      /^taskledger: There is no installation to move in .*: it has no events\.db\. .*\n$/,
    );
    expect(existsSync(`${system.dataDir}/nothing`)).toBe(false);
  });

  it('moves passwords, sessions, tasks and their history: users go on where they were', { timeout: 120_000 }, async () => {
    const alice = await system.register('Alice');
    const { body: task } = await alice.ok('POST /api/tasks', { title: 'Mend the roof' });
    await alice.ok(`PUT /api/tasks/${task.id}/status`, { status: 'done' });
    await mailsSettle(system.admin);
    const [history, list] = await Promise.all([alice.ok(`GET /api/tasks/${task.id}/history`), alice.ok('GET /api/tasks')]);
    await system.stop();

    const [from, to] = [await openFolder(system.dataDir), await emptyTarget()];
    await migrate(from, to);
    await from.close();
    await to.close();
    const program = runProgram([], { ...system.env, DATA_DIR: to.dataDir, PORT: '0' });
    const url = await program.url();
    const call = caller(() => url, alice.accessToken);
    await vi.waitFor(async () => expect((await call('GET /api/tasks')).text).toBe(list.text));
    expect((await call(`GET /api/tasks/${task.id}/history`)).text).toBe(history.text);
    expect((await call('POST /api/token/refresh', { refreshToken: alice.refreshToken })).status).toBe(200);
    const again = await logIn(() => url, alice);
    await again.ok(`POST /api/tasks/${task.id}/comments`, { text: 'It still holds' });
    expect((await call('POST /api/users', { name: 'Alice', email: alice.email.toUpperCase(), password: 'another password' })).status).toBe(409);
    await mailsSettle(await logIn(() => url, system.admin));
    // The outbox of the new folder has the one mail of the last task: none came again.
    expect(await mailsTo(await logIn(() => url, system.admin))).toHaveLength(1);
    expect(await program.end('SIGTERM')).toEqual({ code: 0, signal: null });
  });
});

it('says so where the copy is not like its source', async () => {
  const to = await target();
  const readAll: EventStore['readAll'] = async function* (options) {
    for await (const page of to.store.readAll(options)) yield page.map((event) => (event.type === 'TaskCommented' ? { ...event, data: {} } : event));
  };
  await expect(migrate(old, { ...to, store: { ...to.store, readAll } })).rejects.toMatchObject({
    message: expect.stringMatching(/^The copy is not like its source: TaskCommented, event 2 of/),
  });
  await expect(migrate(old, { ...to, secrets: { ...to.secrets, restore: async () => {} } })).resolves.toBeDefined();
  const forgetful = await target();
  await expect(migrate(old, { ...forgetful, secrets: { ...forgetful.secrets, restore: async () => {} } })).rejects.toThrow(
    /one of the keys is not there as it was/,
  );
});
