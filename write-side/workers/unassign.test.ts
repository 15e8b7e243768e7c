import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { UnknownEvent } from '../../contracts/catalog.ts';
import type { RecordedEvent } from '../../contracts/message.ts';
import type { TaskEvent } from '../../contracts/task.ts';
import type { EventBus } from '../../platform/event-bus/event-bus.ts';
import { openMemoryBus } from '../../platform/event-bus/memory/memory.ts';
import { type EventStore, StoreUnavailable } from '../../platform/event-store/event-store.ts';
import { inMemoryStore, logOf } from '../../platform/event-store/in-memory.fixture.ts';
import { openParking } from '../../platform/followers/parking.ts';
import { stableId } from '../../platform/stable-id.ts';
import { startForwarder } from '../forwarder/forward.ts';
import { commandHandler, type OpenCommandHandler } from '../handle-command.ts';
import { type AssignedTasks, startUnassigning, UNASSIGNERS, type Unassigner, type UnassigningContext } from './unassign.ts';

const log = { info: () => {}, warn: () => {}, error: () => {} };
const [ALICE, BOB, CAROL] = ['alice', 'bob', 'carol'].map((name) => stableId('user', name)) as [string, string, string];
const taskId = (n: number) => stableId('task', String(n));

let store: EventStore;
let bus: EventBus;
let commands: OpenCommandHandler;
const stops: (() => Promise<unknown>)[] = [];
let sent = 0;

beforeEach(async () => {
  store = inMemoryStore();
  bus = openMemoryBus({ queues: UNASSIGNERS.map(({ queue }) => queue), log });
  commands = commandHandler({ store, hmac: (text) => stableId('hmac', text), log });
  stops.push(startForwarder({ store, bus, log, backoff: 1 }).stop);
  for (const [name, id] of Object.entries({ alice: ALICE, bob: BOB, carol: CAROL }))
    await tell('RegisterUser', `user-${id}`, { name, email: `${name}@example.org` });
});
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function tell(type: string, stream: string, data: unknown = null): Promise<void> {
  const id = stream.slice(stream.indexOf('-') + 1);
  const commandId = stableId('command', String(sent++));
  const actor = { id: type === 'DeleteUser' ? id : ALICE, role: 'member', seesAll: true } as const;
  await commands.handle({ type, stream, id, data, commandId, actor, now: '2026-11-21T09:00:00.000Z' }, { correlationId: commandId });
}
const task = (type: string, n: number, data?: unknown) => tell(type, `task-${taskId(n)}`, data);
const make = (n: number, userId: string | null = BOB) => task('CreateTask', n, { title: `Task ${n}`, userId });
const move = (n: number, status: string) => task('ChangeTaskStatus', n, { status });
const leave = (userId: string) => tell('DeleteUser', `user-${userId}`);

/** The read model, folded from the log when it is asked; all tasks that the user ever had, since it gives hints alone. */
const assigned: AssignedTasks = async (userId, { limit, after = '' }) => {
  const events = (await logOf(store)) as (RecordedEvent & TaskEvent)[];
  const had = events.flatMap((event) => (event.type === 'TaskAssigned' && event.data.userId === userId ? [event.stream.slice('task-'.length)] : []));
  return [...new Set(had)]
    .sort()
    .filter((id) => id > after)
    .slice(0, limit);
};

async function start(more: Partial<UnassigningContext> = {}): Promise<readonly [departed: Unassigner, late: Unassigner]> {
  const usual = { store, bus, log, commands, assigned, parked: async () => [], removeSecrets: async () => {}, silence: 1e9, backoff: 1 };
  const followers = await startUnassigning({ ...usual, ...more });
  for (const { stop } of followers) stops.push(stop);
  await vi.waitFor(() => expect(followers.every((one) => one.active())).toBe(true));
  return followers;
}

/** The numbers of the tasks that were taken from somebody, in order, a number for each time. */
async function taken(): Promise<number[]> {
  const numbers = new Map(Array.from({ length: 200 }, (_, n) => [`task-${taskId(n)}`, n]));
  const events = (await logOf(store)) as (RecordedEvent & TaskEvent)[];
  const isTaken = (event: TaskEvent) => event.type === 'TaskAssigned' && event.data.because === 'user_deleted';
  return events
    .filter(isTaken)
    .map(({ stream }) => numbers.get(stream) ?? -1)
    .sort((a, b) => a - b);
}

/** Appends what a newer release wrote behind a stream's last event. */
async function newer(stream: string, type: string, schema = 1): Promise<void> {
  const id = stableId('newer', stream, type);
  const metadata = { $correlationId: id, $causationId: id, commandId: id, actor: ALICE, schema, topics: [] };
  await store.append(stream, (await commands.load(stream)).revision, [{ id, type, data: {}, metadata }]);
}

/** The streams that each of both has set aside, with the type that is not known. */
async function waiting() {
  const parkings = await Promise.all(UNASSIGNERS.map(({ name }) => openParking(store, name)));
  return parkings.map((one) => one.list().map(({ stream, unknown }) => [stream, unknown?.type]));
}

/** The streams that operators see, with what is wrong. */
async function listed(): Promise<[stream: string, error: string][]> {
  return (await openParking(store, 'unassign_late')).list().map(({ stream, error }) => [stream, error]);
}

/** Resolves once both are past all that there is of their categories. */
async function settled(followers: readonly Unassigner[]): Promise<void> {
  await vi.waitFor(async () => {
    const events = await logOf(store);
    const lastOf = (category: string) => events.findLast(({ stream }) => stream.startsWith(category))?.position ?? '';
    expect([...followers].map((one, n) => one.position() >= lastOf(['user-', 'task-'][n] ?? ''))).toEqual([true, true]);
  });
}

/** What happens to a task that could not be decided on. */
const WAYS = ['is released', 'is there at the next start', 'is opened again'];

describe('the tasks of a user who is deleted', () => {
  it('are taken from them while somebody still has to do them, and those of others are left', async () => {
    const followers = await start();
    for (const n of [0, 1, 2, 3, 4, 5]) await make(n);
    await make(6, CAROL);
    await make(7, null);
    await move(1, 'in-progress');
    await move(2, 'done');
    await move(3, 'cancelled');
    await task('DeleteTask', 4);
    await task('AssignTask', 5, { userId: CAROL });
    await leave(BOB);
    await vi.waitFor(async () => expect(await taken()).toEqual([0, 1]));
    await settled(followers);
    expect(await taken()).toEqual([0, 1]);
    const { state } = await commands.load<{ assignee: string | null }>(`task-${taskId(2)}`);
    expect(state.assignee).toBe(BOB);
  });

  it('are taken once they are opened again, or restored', async () => {
    const followers = await start();
    await make(0);
    await make(1);
    await move(0, 'done');
    await task('DeleteTask', 1);
    await leave(BOB);
    await settled(followers);
    expect(await taken()).toEqual([]);
    await move(0, 'open');
    await task('RestoreTask', 1);
    await vi.waitFor(async () => expect(await taken()).toEqual([0, 1]));
  });

  it('are taken also where one was assigned a moment after the deletion, by who did not know of it', async () => {
    await start();
    await make(0, null);
    await leave(BOB);
    const id = stableId('late');
    const metadata = { $correlationId: id, $causationId: id, commandId: id, actor: ALICE, schema: 1, topics: [] };
    const late = { id, type: 'TaskAssigned', data: { userId: BOB, previous: null, atCreation: false }, metadata };
    await store.append(`task-${taskId(0)}`, 0, [late]);
    await vi.waitFor(async () => expect(await taken()).toEqual([0]));
  });

  it('are taken page by page, each once, though the read model is behind and the store goes away in the middle', async () => {
    for (let n = 0; n < 60; n++) await make(n);
    let asked = 0;
    let refusals = 3;
    const moody: UnassigningContext['commands'] = {
      load: commands.load,
      handle: async (command, context) => {
        if (refusals > 0 && command.id > taskId(30)) {
          refusals--;
          throw new StoreUnavailable('away');
        }
        return commands.handle(command, context);
      },
    };
    const followers = await start({
      page: 7,
      commands: moody,
      assigned: async (...question) => (asked++ < 3 ? null : assigned(...question)),
    });
    await leave(BOB);
    await vi.waitFor(async () => expect(await taken()).toHaveLength(60));
    await settled(followers);
    expect(await taken()).toEqual(Array.from({ length: 60 }, (_, n) => n));
    expect(refusals).toBe(0);
  });

  it('are taken after the next start where the process was killed in the middle, and nothing is taken twice', async () => {
    for (let n = 0; n < 40; n++) await make(n);
    let left = 10;
    const dying: UnassigningContext['commands'] = {
      load: commands.load,
      handle: (command, context) => (left-- > 0 ? commands.handle(command, context) : Promise.reject(new StoreUnavailable('killed'))),
    };
    const followers = await start({ commands: dying });
    await leave(BOB);
    await vi.waitFor(async () => expect(await taken()).toHaveLength(10));
    for (const one of followers) await one.stop();
    await settled(await start());
    await vi.waitFor(async () => expect(await taken()).toEqual(Array.from({ length: 40 }, (_, n) => n)));
  });

  it('are taken before the rest of their secrets is removed, which is tried until the secrets are there', async () => {
    const removed: [userId: string, taken: number][] = [];
    let refusals = 2;
    const removeSecrets = async (userId: string) => {
      if (refusals-- > 0) throw new Error('the secrets are away');
      removed.push([userId, (await taken()).length]);
    };
    await make(0);
    await start({ removeSecrets });
    await leave(BOB);
    await vi.waitFor(() => expect(removed).toEqual([[BOB, 1]]));
  });

  it('are left where their stream cannot be decided on, and the others are taken', async () => {
    const said: object[] = [];
    await make(0);
    await make(1);
    await newer(`task-${taskId(0)}`, 'TaskPainted');
    const followers = await start({ log: { ...log, warn: (data) => void said.push(data) } });
    const [, late] = followers;
    await leave(BOB);
    await vi.waitFor(async () => expect(await taken()).toEqual([1]));
    await settled(followers);
    expect(said).toEqual([expect.objectContaining({ task: taskId(0) })]);
    // Operators see it, and may have it tried again, or forget it.
    expect(await listed()).toEqual([[`task-${taskId(0)}`, expect.stringContaining('TaskPainted')]]);
    expect(await waiting()).toEqual([[], [[`task-${taskId(0)}`, 'TaskPainted']]]);
    await expect(late.release(`task-${taskId(0)}`, false)).rejects.toThrow('TaskPainted');
    expect(await late.release(`task-${taskId(1)}`, false)).toBe(false);
    expect([await late.release(`task-${taskId(0)}`, true), await listed()]).toEqual([true, []]);
  });

  it.each(WAYS)('are taken where their stream could not be decided on, once it can, and it %s', async (how) => {
    await make(0);
    if (how === 'is opened again') await move(0, 'done');
    let isNew = false;
    /** A release that does not know the last event, and then one that does. */
    const upgraded: UnassigningContext['commands'] = {
      load: async (stream) => {
        if (!isNew && stream === `task-${taskId(0)}`) throw new Error('cannot be read');
        return commands.load(stream);
      },
      handle: commands.handle,
    };
    const followers = await start({ commands: upgraded });
    const [, late] = followers;
    await leave(BOB);
    await settled(followers);
    await vi.waitFor(async () => expect(await listed()).toEqual([[`task-${taskId(0)}`, 'cannot be read']]));
    isNew = true;
    if (how === 'is released') expect(await late.release(`task-${taskId(0)}`, false)).toBe(true);
    else if (how === 'is opened again') await move(0, 'open');
    else {
      for (const one of followers) await one.stop();
      await start();
    }
    await vi.waitFor(async () => expect([await taken(), await listed()]).toEqual([[0], []]));
  });

  it('are taken also where the read model has parked their stream, and does not know whose they are', async () => {
    await make(0);
    await make(1, CAROL);
    const nothing: AssignedTasks = async () => [];
    const followers = await start({ assigned: nothing, parked: async () => [taskId(0), taskId(1)] });
    await leave(BOB);
    await vi.waitFor(async () => expect(await taken()).toEqual([0]));
    await settled(followers);
    expect(await taken()).toEqual([0]);
  });

  it('invariant 17: are not taken for a deletion, or a task’s event, of a shape that this release does not know', async () => {
    const removed: string[] = [];
    await make(0);
    const followers = await start({ removeSecrets: async (userId) => void removed.push(userId) });
    await newer(`user-${BOB}`, 'UserDeleted', 99);
    await newer(`task-${taskId(0)}`, 'TaskAssigned', 99);
    await settled(followers);
    await vi.waitFor(async () => expect(await waiting()).toEqual([[[`user-${BOB}`, 'UserDeleted']], [[`task-${taskId(0)}`, 'TaskAssigned']]]));
    expect([await taken(), removed]).toEqual([[], []]);
  });

  it('invariant 17: wait where their assignee is not wholly known', async () => {
    await make(0);
    await move(0, 'done');
    await newer(`user-${BOB}`, 'UserPainted');
    const followers = await start();
    await move(0, 'open');
    await settled(followers);
    await vi.waitFor(async () => expect(await waiting()).toEqual([[], [[`task-${taskId(0)}`, 'UserPainted']]]));
  });

  it('invariant 17: are taken by the release that knows what an older one parked', async () => {
    await make(0);
    for (const one of await start()) await one.stop();
    await leave(BOB);
    const deleted = (await logOf(store)).find(({ type }) => type === 'UserDeleted') ?? expect.fail();
    await (await openParking(store, 'unassign')).park(deleted, new UnknownEvent(deleted));
    await start();
    await vi.waitFor(async () => expect([await taken(), await waiting()]).toEqual([[0], [[], []]]));
  });
});
