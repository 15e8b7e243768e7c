import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { exampleEvent, UnknownEvent } from '../contracts/catalog.ts';
import { type NewEvent, NO_STREAM, type RecordedEvent } from '../contracts/message.ts';
import { notificationContract } from '../contracts/notification.ts';
import type { EventBus } from '../platform/event-bus/event-bus.ts';
import { openMemoryBus } from '../platform/event-bus/memory/memory.ts';
import { TASK_EVENTS } from '../platform/event-bus/queues.fixture.ts';
import { type EventStore, StoreUnavailable } from '../platform/event-store/event-store.ts';
import { inMemoryStore, logOf } from '../platform/event-store/in-memory.fixture.ts';
import { openParking } from '../platform/followers/parking.ts';
import type { ReadModels } from '../platform/read-models/read-models.ts';
import { stableId } from '../platform/stable-id.ts';
import { notifications } from '../projections/projectors/notifications.ts';
import { forwarding } from '../system/forwarder.fixture.ts';
import { followPolicy, type Policy, type PolicyContext, type RunningPolicy } from './follow-policy.ts';
import { taskOf, taskPolicy } from './policies/task.ts';
import type { Wanted } from './wanted.ts';

const log = { info: () => {}, warn: () => {}, error: () => {} };
const ALICE = '0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e01';
const BOB = '5c1d9a5e-0b57-4e39-9d0e-6a7b8c9d0e02';
let store: EventStore;
let bus: EventBus;
/** None of these policies asks who has a role. */
const readModels = {} as ReadModels;
const stops: (() => Promise<unknown>)[] = [];

beforeEach(() => {
  store = inMemoryStore();
  bus = openMemoryBus({ queues: [TASK_EVENTS], log });
  stops.push(forwarding(store, bus).stop);
});
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function start(more: Partial<Policy> = {}, context: Partial<PolicyContext> = {}): Promise<RunningPolicy> {
  const policy = { name: 'task_mail', queue: TASK_EVENTS, task: taskOf, wants: taskPolicy, ...more };
  const running = await followPolicy(policy, { store, bus, readModels, seesAll: () => true, log, silence: 20, backoff: 1, ...context });
  stops.push(running.stop);
  return running;
}

async function happen(type: string, stream: string, revision = NO_STREAM, actor = ALICE): Promise<string> {
  const id = stableId(type, stream, String(revision));
  const { data, metadata } = exampleEvent(type);
  await store.append(stream, revision, [{ id, type, data, metadata: { ...metadata, actor } } as NewEvent]);
  return id;
}

/** What was asked for: by mail, or on another channel. */
async function requested(channel = 'email'): Promise<RecordedEvent[]> {
  const all = (await logOf(store)).filter(({ type }) => type === 'NotificationRequested');
  return all.filter(({ data }) => (data as Wanted).channel === channel);
}
const causes = async () => (await requested()).map(({ metadata }) => metadata.$causationId);

/** A read model in which one notification is held back, and the streams of those that are released. */
function heldOf(id: string) {
  const released: string[] = [];
  const models = {
    reached: async () => true,
    state: async () => ({ version: notifications.model.version, generation: 1, checkpoint: { position: '~' } }),
    find: async () => [{ id }],
  };
  const commands = {
    handle: async ({ stream }: { stream: string }) => {
      released.push(stream);
    },
  };
  return { released, context: { readModels: models, commands, now: () => new Date() } as unknown as Partial<PolicyContext> };
}

describe('a policy', () => {
  it('invariant 11: records what it asks for on a stream made from event, recipient, channel and kind', async () => {
    await start();
    const id = await happen('TaskCreated', 'task-1');
    await vi.waitFor(async () => expect(await causes()).toEqual([id]));
    const [event] = await requested();
    expect(event?.stream).toBe(`notification-${stableId(id, BOB, 'email', 'task_created')}`);
    expect(event?.metadata).toMatchObject({
      $correlationId: exampleEvent('TaskCreated').metadata.$correlationId,
      actor: 'policy:task_mail',
      topics: [`notifications:${BOB}`, `user:${BOB}`],
    });
    expect(notificationContract.events.NotificationRequested.schema.parse(event?.data)).toEqual(event?.data);
  });

  it('what goes to the inbox is there once it is recorded: asked for and sent in one append', async () => {
    await start();
    const id = await happen('TaskCreated', 'task-1');
    await vi.waitFor(async () => expect(await requested('in-app')).toHaveLength(1));
    const stream = `notification-${stableId(id, BOB, 'in-app', 'task_created')}`;
    const events = (await logOf(store)).filter((one) => one.stream === stream);
    expect(events.map(({ type, data }) => [type, data])).toEqual([
      [
        'NotificationRequested',
        { channel: 'in-app', kind: 'task_created', recipient: { userId: BOB }, about: { stream: 'task-1', revision: 0 }, causedBy: ALICE },
      ],
      ['NotificationSent', { attempt: 1 }],
    ]);
    for (const { metadata } of events) expect(metadata).toMatchObject({ $causationId: id, topics: [`notifications:${BOB}`, `user:${BOB}`] });
    expect(new Set(events.map((one) => one.id)).size).toBe(2);
  });

  it('invariant 11: asks for the same again when an event comes again, though its people have changed meanwhile', async () => {
    let fail = true;
    const shaky: EventStore = {
      ...store,
      append: async (...given) => {
        // It ends before the first comment’s notification is recorded; another comment comes before it starts again.
        if (given[0].startsWith('notification-') && fail) {
          fail = false;
          await happen('TaskCommented', 'task-1', 1, 'erin');
          throw new StoreUnavailable('away');
        }
        return store.append(...given);
      },
    };
    await happen('TaskCreated', 'task-1');
    await start({}, { store: shaky });
    const first = await happen('TaskCommented', 'task-1', 0, 'dave');
    await vi.waitFor(async () => expect(await requested('in-app')).toHaveLength(3));
    const told = (await requested('in-app')).map(({ metadata, data }) => [metadata.$causationId === first, (data as Wanted).recipient.userId]);
    expect(told.filter(([isFirst]) => isFirst)).toEqual([[true, ALICE]]);
    expect(told.filter(([isFirst]) => !isFirst).toSorted()).toEqual([
      [false, ALICE],
      [false, 'dave'],
    ]);
  });

  it('invariant 10: parks a stream whose task cannot be folded, and goes on', async () => {
    const running = await start({ task: () => 'task-odd' });
    await store.append('task-odd', NO_STREAM, [{ ...exampleEvent('TaskEdited'), id: 'odd', data: null } as unknown as NewEvent]);
    const good = await happen('TaskCommented', 'task-good');
    await vi.waitFor(() => expect(running.parked().map(({ eventId }) => eventId)).toEqual(['odd', good]));
  });

  it('in a log that is not the one it followed, as after a restore, counts everything from its start on', async () => {
    await happen('TaskCreated', 'task-before');
    const [last] = await logOf(store);
    const elsewhere = { position: '9'.repeat(16), eventId: 'of another log' };
    await store.append('_checkpoint-task_mail', NO_STREAM, [{ ...(last as NewEvent), id: 'moved', type: 'CheckpointMoved', data: elsewhere }]);
    await start();
    const id = await happen('TaskCreated', 'task-after');
    await vi.waitFor(async () => expect(await causes()).toEqual([id]));
  });

  it('takes one event at a time, in order', async () => {
    const atWork: unknown[] = [];
    let most = 0;
    const watched: EventStore = {
      ...store,
      append: async (...given) => {
        const [stream, , [event]] = given;
        if (!stream.startsWith('notification-')) return store.append(...given);
        atWork.push(event?.metadata.$causationId);
        most = Math.max(most, new Set(atWork).size);
        try {
          await new Promise(setImmediate);
          return await store.append(...given);
        } finally {
          atWork.splice(atWork.indexOf(event?.metadata.$causationId), 1);
        }
      },
    };
    await start({}, { store: watched });
    const ids: string[] = [];
    for (let n = 0; n < 30; n++) ids.push(await happen('TaskCreated', `task-${n}`));
    await vi.waitFor(async () => expect(await causes()).toEqual(ids));
    expect(most).toBe(1);
  });

  it('invariant 7: asks for nothing of what happened before it was first there, and for all that happened while it was away', async () => {
    await happen('TaskCreated', 'task-before');
    const first = await start();
    await first.stop();
    const id = await happen('TaskCreated', 'task-meanwhile');
    await start();
    await vi.waitFor(async () => expect(await causes()).toEqual([id]));
  });

  it('invariant 11: meets an event again and finds it recorded', async () => {
    let fail = true;
    // The effect is recorded, and its answer lost: the follower begins again at its checkpoint.
    const shaky: EventStore = {
      ...store,
      append: async (...given) => {
        const appended = await store.append(...given);
        if (given[0].startsWith('notification-') && fail) {
          fail = false;
          throw new StoreUnavailable('away');
        }
        return appended;
      },
    };
    await start({}, { store: shaky });
    const ids = [await happen('TaskCreated', 'task-1'), await happen('TaskCreated', 'task-2')];
    await vi.waitFor(async () => expect(await causes()).toEqual(ids));
    expect(fail).toBe(false);
  });

  it('invariant 10: parks the stream of an event it cannot decide on, goes on with others, and works it off in order when it is released', async () => {
    let broken = true;
    const wants: Policy['wants'] = (event, task) => {
      if (broken && event.stream === 'task-bad' && event.revision === 0) throw new Error('cannot decide');
      return taskPolicy(event, task);
    };
    const running = await start({ wants });
    const bad = await happen('TaskCreated', 'task-bad');
    const good = await happen('TaskCreated', 'task-good');
    const behind = await happen('TaskAssigned', 'task-bad', 0);
    const last = await happen('TaskCreated', 'task-last');
    await vi.waitFor(async () => expect(await causes()).toEqual([good, last]));
    expect(running.parked()).toMatchObject([{ stream: 'task-bad', revision: 0, error: 'cannot decide' }]);
    broken = false;
    expect(await running.release('task-bad', false)).toBe(true);
    expect(await causes()).toEqual([good, last, bad, behind]);
    expect(await running.release('task-bad', false)).toBe(false);
  });

  it('releases what was held back also at an event that waited in a parked stream', async () => {
    let broken = true;
    const wants: Policy['wants'] = () => {
      if (broken) throw new Error('cannot decide');
      return [];
    };
    const held = heldOf('a held one');
    const running = await start({ wants, releases: () => BOB }, held.context);
    await happen('TaskCreated', 'task-bad');
    await vi.waitFor(() => expect(running.parked()).toHaveLength(1));
    expect(held.released).toEqual([]);
    broken = false;
    expect(await running.release('task-bad', false)).toBe(true);
    expect(held.released).toEqual(['notification-a held one']);
  });

  it('invariant 17: releases what was held back at an event that an older release did not know', async () => {
    // Before the policy is first deployed, so that it meets the event in the parked stream alone.
    await happen('TaskCreated', 'task-1');
    await (await start()).stop();
    const [event] = await logOf(store);
    await (await openParking(store, 'task_mail')).park(event as RecordedEvent, new UnknownEvent(event as RecordedEvent));
    const held = heldOf('a held one');
    const running = await start({ wants: () => [], releases: () => BOB }, held.context);
    await vi.waitFor(() => expect(running.parked()).toEqual([]));
    expect(held.released).toEqual(['notification-a held one']);
  });

  it('invariant 17: parks the stream of an event that it does not know, and goes on with others', async () => {
    const running = await start();
    const { data, metadata } = exampleEvent('TaskAssigned');
    const newer = { id: 'newer', type: 'TaskAssigned', data, metadata: { ...metadata, schema: metadata.schema + 1 } };
    const other = { id: 'other', type: 'TaskPinned', data, metadata };
    const made = [await happen('TaskCreated', 'task-1'), await happen('TaskCreated', 'task-2')];
    await store.append('task-1', 0, [newer]);
    await store.append('task-2', 0, [other]);
    for (const stream of ['task-1', 'task-2']) await happen('TaskAssigned', stream, 1);
    made.push(await happen('TaskCreated', 'task-3'));
    await vi.waitFor(async () => expect(await causes()).toEqual(made));
    expect(running.parked()).toMatchObject([
      { eventId: 'newer', unknown: { stream: 'task-1', type: 'TaskAssigned', schema: metadata.schema + 1 } },
      { eventId: 'other', unknown: { stream: 'task-2', type: 'TaskPinned', schema: metadata.schema } },
    ]);
  });

  it('invariant 17: parks an event that needs a task which it does not wholly know', async () => {
    const running = await start({ task: () => 'task-odd' });
    await store.append('task-odd', NO_STREAM, [{ ...exampleEvent('TaskEdited'), id: 'odd', type: 'TaskPinned' } as NewEvent]);
    const waiting = await happen('TaskCommented', 'task-1');
    await vi.waitFor(() => expect(running.parked().map(({ eventId, unknown }) => [eventId, unknown?.type])).toContainEqual([waiting, 'TaskPinned']));
  });

  it('invariant 17: parks an event one of whose people it does not wholly know', async () => {
    await (await start()).stop();
    await happen('UserCreated', `user-${BOB}`);
    const { data, metadata } = exampleEvent('NotificationsChosen');
    await store.append(`user-${BOB}`, 0, [{ id: stableId('newer'), type: 'NotificationsChosen', data, metadata: { ...metadata, schema: 99 } }]);
    const running = await start();
    await happen('TaskCreated', 'task-1');
    const waits = { stream: 'task-1', type: 'TaskCreated', unknown: { stream: `user-${BOB}`, type: 'NotificationsChosen', schema: 99 } };
    await vi.waitFor(() => expect(running.parked()).toMatchObject([waits]));
    expect([...(await requested()), ...(await requested('in-app'))]).toEqual([]);
  });

  it('parks nothing for one of its people whose choices an operator took away: all others are told, and the log says so', async () => {
    const erin = { userId: '3f2f9c1e-93f4-4f6e-8a55-0c1f5a3d2e03' };
    const about = { stream: 'task-1', revision: 0 };
    const cut: EventStore = {
      ...store,
      readStream: (stream, options = {}) =>
        store.readStream(stream, stream === `user-${BOB}` ? { ...options, from: Math.max(options.from ?? 0, 1) } : options),
    };
    await happen('UserCreated', `user-${BOB}`);
    await happen('NotificationsChosen', `user-${BOB}`, 0);
    const warned = vi.fn();
    const toBoth = [{ userId: BOB }, erin].map((recipient) => ({ channel: 'email', kind: 'comment_added', recipient, about }) as const);
    const running = await start({ wants: () => toBoth, releases: () => undefined }, { store: cut, log: { ...log, warn: warned } });
    const id = await happen('TaskCreated', 'task-1');
    await vi.waitFor(() => expect(warned).toHaveBeenCalledWith(expect.objectContaining({ stream: 'task-1' }), expect.stringContaining('took')));
    expect((await requested()).map(({ data, metadata }) => [(data as Wanted).recipient, metadata.$causationId])).toEqual([[erin, id]]);
    expect(running.parked()).toEqual([]);
  });

  it('invariant 17: works off by itself what waited for one of its people', async () => {
    await (await start()).stop();
    const created = await happen('TaskCreated', 'task-1');
    await happen('UserCreated', `user-${BOB}`);
    const newer = exampleEvent('NotificationsChosen', { stream: `user-${BOB}` });
    const older = await openParking(store, 'task_mail');
    for (const event of await logOf(store)) if (event.type === 'TaskCreated') await older.park(event, new UnknownEvent(newer));
    const running = await start();
    await vi.waitFor(async () => expect(await causes()).toEqual([created]));
    await vi.waitFor(() => expect(running.parked()).toEqual([]));
  });

  it('invariant 17: works off by itself, in order, what an older release parked because it did not know the event', async () => {
    await (await start()).stop();
    const created = [await happen('TaskCreated', 'task-1'), await happen('TaskCreated', 'task-2')];
    const assigned = [await happen('TaskAssigned', 'task-2', 0), await happen('TaskAssigned', 'task-1', 0)];
    const older = await openParking(store, 'task_mail');
    for (const event of (await logOf(store)).toReversed()) if (event.type === 'TaskCreated') await older.park(event, new UnknownEvent(event));
    const still = { ...exampleEvent('TaskEdited', { stream: 'task-3' }), type: 'TaskPinned' };
    await older.park(still, new UnknownEvent(still));
    const running = await start();
    await vi.waitFor(() => expect(running.parked().map(({ stream }) => stream)).toEqual(['task-3']));
    expect(await causes()).toEqual([created[0], assigned[1], created[1], assigned[0]]);
    const last = await happen('TaskCreated', 'task-4');
    await vi.waitFor(async () => expect((await causes()).at(-1)).toBe(last));
    expect(await causes()).toHaveLength(5);
  });

  it('invariant 17: tries again what could not be read or recorded while it worked a stream off, and notes it once', async () => {
    await (await start()).stop();
    const created = await happen('TaskCreated', 'task-1');
    const [event] = await logOf(store);
    await (await openParking(store, 'task_mail')).park(event as RecordedEvent, new UnknownEvent(event as RecordedEvent));
    let failures = 3;
    const shaky: EventStore = {
      ...store,
      append: async (...given) => {
        if (given[0].startsWith('notification-') && failures-- > 0) throw new StoreUnavailable('away');
        return store.append(...given);
      },
    };
    const parked: string[] = [];
    const watched = {
      ...shaky,
      append: async (...given: Parameters<EventStore['append']>) => {
        if (given[0] === '_parked-task_mail') parked.push(...given[2].map(({ type }) => type));
        return shaky.append(...given);
      },
    };
    const running = await start({}, { store: watched });
    await vi.waitFor(async () => expect(await causes()).toEqual([created]));
    await vi.waitFor(() => expect(running.parked()).toEqual([]));
    expect(parked).toEqual(['StreamParked', 'StreamReleased']);
  });

  it('invariant 17: where the event is known and still cannot be decided on, the stream waits, and the others go on', async () => {
    await (await start()).stop();
    await happen('TaskCreated', 'task-1');
    const [event] = await logOf(store);
    await (await openParking(store, 'task_mail')).park(event as RecordedEvent, new UnknownEvent(event as RecordedEvent));
    const wants: Policy['wants'] = (one, task) => {
      if (one.stream === 'task-1') throw new Error('cannot decide');
      return taskPolicy(one, task);
    };
    const running = await start({ wants });
    const good = await happen('TaskCreated', 'task-good');
    await vi.waitFor(async () => expect(await causes()).toEqual([good]));
    expect(running.parked()).toMatchObject([{ stream: 'task-1', error: 'cannot decide' }]);
  });
});
