import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { exampleEvent } from '../../contracts/catalog.ts';
import { type NewEvent, NO_STREAM, type RecordedEvent } from '../../contracts/message.ts';
import { notificationContract } from '../../contracts/notification.ts';
import type { EventBus } from '../../write-side/event-bus/event-bus.ts';
import { inMemoryStore, logOf } from '../../write-side/event-bus/in-memory-store.ts';
import { openMemoryBus } from '../../write-side/event-bus/memory.ts';
import { TASK_EVENTS } from '../../write-side/event-bus/queues.ts';
import { type EventStore, StoreUnavailable } from '../../write-side/event-store/event-store.ts';
import { startForwarder } from '../../write-side/forwarder/forward.ts';
import { stableId } from '../../write-side/stable-id.ts';
import { followPolicy, type Policy, type RunningPolicy } from './follow-policy.ts';
import { taskPolicy } from './policies.ts';

const log = { info: () => {}, warn: () => {}, error: () => {} };
const BOB = '5c1d9a5e-0b57-4e39-9d0e-6a7b8c9d0e02';
let store: EventStore;
let bus: EventBus;
const stops: (() => Promise<unknown>)[] = [];

beforeEach(() => {
  store = inMemoryStore();
  bus = openMemoryBus({ log });
  stops.push(startForwarder({ store, bus, log, backoff: 1 }).stop);
});
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function start(more: Partial<Policy> = {}, context: Partial<{ store: EventStore }> = {}): Promise<RunningPolicy> {
  const policy = { name: 'task_mail', queue: TASK_EVENTS, category: 'task', wants: taskPolicy, ...more };
  const running = await followPolicy(policy, { store, bus, log, silence: 20, backoff: 1, ...context });
  stops.push(running.stop);
  return running;
}

async function happen(type: string, stream: string, revision = NO_STREAM): Promise<string> {
  const id = stableId(type, stream, String(revision));
  const { data, metadata } = exampleEvent(type);
  await store.append(stream, revision, [{ id, type, data, metadata } as NewEvent]);
  return id;
}

async function requested(): Promise<RecordedEvent[]> {
  return (await logOf(store)).filter(({ type }) => type === 'NotificationRequested');
}
const causes = async () => (await requested()).map(({ metadata }) => metadata.$causationId);

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
    let atWork = 0;
    let most = 0;
    const watched: EventStore = {
      ...store,
      append: async (...given) => {
        if (given[0].startsWith('notification-')) most = Math.max(most, ++atWork);
        try {
          await new Promise(setImmediate);
          return await store.append(...given);
        } finally {
          if (given[0].startsWith('notification-')) atWork--;
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
    const wants: Policy['wants'] = (event) => {
      if (broken && event.stream === 'task-bad' && event.revision === 0) throw new Error('cannot decide');
      return taskPolicy(event);
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
});
