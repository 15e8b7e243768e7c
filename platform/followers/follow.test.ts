import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { RecordedEvent } from '../../contracts/message.ts';
import { forwarding } from '../../system/forwarder.fixture.ts';
import type { EventBus } from '../event-bus/event-bus.ts';
import { openMemoryBus } from '../event-bus/memory/memory.ts';
import { EVERYTHING, EXAMPLE_QUEUES, NOTIFIED, TASK_EVENTS } from '../event-bus/queues.fixture.ts';
import type { FollowerQueue } from '../event-bus/queues.ts';
import { chanceOf, unreliableBus } from '../event-bus/unreliable.fixture.ts';
import type { EventStore } from '../event-store/event-store.ts';
import { openForeign } from '../event-store/foreign.ts';
import { fill, inMemoryStore, logOf } from '../event-store/in-memory.fixture.ts';
import { onlyOurs } from '../event-store/only-ours.ts';
import { BEGINNING, type Checkpoint } from './checkpoint-type.ts';
import { type FollowContext, type Follower, type Following, follow } from './follow.ts';

const SILENCE = 20;
const log = { info: () => {}, warn: () => {}, error: () => {} };
/** Queues of these tests, beside those of the fixture. */
const SHORT: FollowerQueue = { ...EVERYTHING, name: 'short', activeHold: '_short', limit: 5 };
const TASKS_BY_KEY: FollowerQueue = { ...NOTIFIED, name: 'tasks', activeHold: '_tasks', pattern: 'task.#' };
const memoryBus = () => openMemoryBus({ queues: [...EXAMPLE_QUEUES, SHORT, TASKS_BY_KEY], log });
const stops: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

/** A follower that folds its events as a read model does: documents and checkpoint are written together. */
function reader(more: Partial<Following> = {}) {
  const seen: RecordedEvent[] = [];
  const batches: number[] = [];
  const state = { checkpoint: BEGINNING as Checkpoint, foreign: 0, loads: 0 };
  const following: Following = {
    name: 'reader',
    queue: EVERYTHING,
    batch: 7,
    wants: () => true,
    load: async () => {
      state.loads++;
      return state.checkpoint;
    },
    apply: async (events, checkpoint) => {
      seen.push(...events);
      batches.push(events.length);
      state.checkpoint = checkpoint;
    },
    foreignLog: async () => {
      state.foreign++;
      seen.length = 0;
      state.checkpoint = BEGINNING;
    },
    ...more,
  };
  return { following, seen, batches, state, ids: () => seen.map(({ id }) => id) };
}

function start(following: Following, context: { store: EventStore; bus: EventBus } & Partial<FollowContext>): Follower {
  const follower = follow(following, { log, silence: SILENCE, backoff: 1, ...context });
  stops.push(follower.stop);
  return follower;
}

function forwarded(store: EventStore, bus: EventBus = memoryBus()): EventBus {
  const forwarder = forwarding(store, bus, { batch: 3 });
  stops.push(forwarder.stop);
  return bus;
}

const ids = (events: readonly RecordedEvent[]) => events.map(({ id }) => id);
const isTask = (event: RecordedEvent) => event.stream.startsWith('task-');
const many = (stream: string, n: number) => Array.from({ length: n }, () => stream);

describe('a follower', () => {
  it('of a queue that the bus was opened without is refused at once', () => {
    const forgotten = { ...EVERYTHING, name: 'forgotten' };
    const refused = () => start(reader({ queue: forgotten }).following, { store: inMemoryStore(), bus: memoryBus() });
    expect(refused).toThrow('the event bus was opened without the queue forgotten');
  });

  it('reads what there is, then goes along with the bus', async () => {
    const store = inMemoryStore();
    await fill(store, many('task-1', 250));
    const bus = forwarded(store);
    const one = reader();
    const follower = start(one.following, { store, bus, silence: 60_000 });
    await vi.waitFor(async () => expect(one.ids()).toEqual(ids(await logOf(store))));
    const all = await fill(store, [...many('task-2', 40), ...many('user-1', 40)]);
    await vi.waitFor(() => expect(one.ids()).toEqual(ids(all)));
    expect(follower.position()).toBe(all.at(-1)?.position);
    expect(Math.max(...one.batches)).toBe(7);
  });

  // Messages are lost, come twice, late and in the wrong order; apply fails now and then; consumers get lost.
  const seeds = fc.integer();
  const bursts = fc.array(fc.array(fc.constantFrom('task-1', 'task-2', 'user-1', 'notification-1'), { minLength: 1, maxLength: 12 }), {
    minLength: 1,
    maxLength: 6,
  });

  async function followed(following: Partial<Following>, streams: string[][], seed: number): Promise<{ got: string[]; store: EventStore }> {
    const chance = chanceOf(seed);
    const store = inMemoryStore();
    const bus = unreliableBus(memoryBus(), chance);
    const forwarder = forwarding(store, bus, { batch: 3 });
    const one = reader(following);
    const { apply } = one.following;
    one.following.apply = async (events, checkpoint) => {
      if (chance() < 0.1) throw new Error('as asked for');
      await apply(events, checkpoint);
      if (chance() < 0.05) throw new Error('as asked for, after it was done');
    };
    const follower = follow(one.following, { store, bus, log, silence: 5, backoff: 0.1 });
    let events: RecordedEvent[] = [];
    for (const burst of streams) {
      events = await fill(store, burst);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await vi.waitFor(() => expect(one.state.checkpoint.position >= (events.findLast(one.following.wants)?.position ?? '')).toBe(true), {
      interval: 2,
      timeout: 5_000,
    });
    await follower.stop();
    await forwarder.stop();
    return { got: one.ids(), store };
  }

  it('invariant 13: has read the log, whatever the bus loses, repeats and reorders (all events)', async () => {
    await fc.assert(
      fc.asyncProperty(bursts, seeds, async (streams, seed) => {
        const { got, store } = await followed({}, streams, seed);
        expect(got).toEqual(ids(await logOf(store)));
      }),
      { numRuns: 60 },
    );
  });

  it('invariant 13: has read the log, whatever the bus loses, repeats and reorders (one category, one event at a time)', async () => {
    await fc.assert(
      fc.asyncProperty(bursts, seeds, async (streams, seed) => {
        const { got, store } = await followed({ queue: TASK_EVENTS, batch: 1, wants: isTask }, streams, seed);
        expect(got).toEqual(ids((await logOf(store)).filter(isTask)));
      }),
      { numRuns: 60 },
    );
  });

  it('on one category’s queue, messages of other categories between its own are no gap', async () => {
    for (const queue of [TASK_EVENTS, TASKS_BY_KEY]) {
      const store = inMemoryStore();
      const reads = vi.spyOn(store, 'readAll');
      const bus = forwarded(store);
      const one = reader({ queue, wants: isTask });
      start(one.following, { store, bus, silence: 60_000 });
      await vi.waitFor(async () => expect((await bus.queues())[0]?.consumers).toBe(1));
      await vi.waitFor(() => expect(one.state.loads).toBe(1));
      const before = reads.mock.calls.length;
      const all = await fill(store, ['user-1', 'task-1', 'user-1', 'user-1', 'task-1', 'notification-1', 'task-2']);
      await vi.waitFor(() => expect(one.ids()).toEqual(ids(all.filter(isTask))));
      // `fill` itself reads the log once.
      expect(reads.mock.calls.length - before).toBe(1);
    }
  });

  it('invariant 13: reads the store when the bus is silent', async () => {
    const store = inMemoryStore();
    const one = reader();
    start(one.following, { store, bus: memoryBus() });
    await vi.waitFor(() => expect(one.state.loads).toBe(1));
    const all = await fill(store, many('task-1', 5));
    await vi.waitFor(() => expect(one.ids()).toEqual(ids(all)));
  });

  it('invariant 12: what a full queue dropped is a gap, and is read from the store', async () => {
    const store = inMemoryStore();
    const bus = forwarded(store);
    const { promise: may, resolve: letGo } = Promise.withResolvers<void>();
    const one = reader({ queue: SHORT, batch: 2 });
    const { apply } = one.following;
    one.following.apply = async (...args) => {
      await may;
      await apply(...args);
    };
    start(one.following, { store, bus, silence: 60_000 });
    await vi.waitFor(() => expect(one.state.loads).toBe(1));
    await fill(store, many('task-1', 60));
    await vi.waitFor(async () => expect((await bus.queues())[0]?.dropped).toBeGreaterThan(20));
    letGo();
    await vi.waitFor(async () => expect(one.ids()).toEqual(ids(await logOf(store))));
  });

  it('goes on from its checkpoint when it starts again, and applies nothing twice', async () => {
    const store = inMemoryStore();
    const bus = forwarded(store);
    const one = reader();
    for (const n of [1, 2, 3]) {
      const follower = start(one.following, { store, bus });
      const all = await fill(store, many(`task-${n}`, 30));
      await vi.waitFor(() => expect(one.ids()).toEqual(ids(all)));
      await follower.stop();
      await fill(store, many('user-1', 10));
    }
    start(one.following, { store, bus });
    await vi.waitFor(async () => expect(one.ids()).toEqual(ids(await logOf(store))));
  });

  it('invariant 7: notices a log that is not the one it followed', async () => {
    const mine = inMemoryStore();
    const other = inMemoryStore();
    const one = reader();
    await fill(mine, many('task-1', 10));
    const before = start(one.following, { store: mine, bus: memoryBus() });
    await vi.waitFor(async () => expect(before.position()).toBe(await mine.head()));
    await before.stop();
    // The other log has other events at the same positions.
    await fill(other, many('task-1', 20));
    start(one.following, { store: other, bus: memoryBus() });
    await vi.waitFor(async () => expect(one.ids()).toEqual(ids(await logOf(other))));
    expect(one.state.foreign).toBe(1);
  });

  it('invariant 7: notices a log that ends before its checkpoint', async () => {
    const store = inMemoryStore();
    const one = reader();
    await fill(store, many('task-1', 3));
    one.state.checkpoint = { position: '0000000000000009', eventId: 'gone' };
    start(one.following, { store, bus: memoryBus() });
    await vi.waitFor(() => expect(one.seen).toHaveLength(3));
    expect(one.state.foreign).toBe(1);
  });

  it.each([0, 2])('invariant 7: goes on from an event that is not ours, where an older release stopped, %i events before the end', async (behind) => {
    const whole = inMemoryStore();
    const store = onlyOurs(whole, openForeign());
    const task = 'task-7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07';
    const log = await fill(whole, [task, 'ticket-7', ...many(task, behind)]);
    const one = reader();
    one.state.checkpoint = { position: log[1]?.position ?? '', eventId: log[1]?.id ?? '' };
    const follower = start(one.following, { store, bus: memoryBus() });
    await vi.waitFor(() => expect(follower.active()).toBe(true));
    const more = await fill(whole, [task]);
    await vi.waitFor(() => expect(one.ids()).toEqual(ids(more.slice(2))));
    expect(one.state.foreign).toBe(0);
  });

  it('moves its checkpoint past events it does not want', async () => {
    const store = inMemoryStore();
    const bus = forwarded(store);
    const one = reader({ wants: isTask });
    start(one.following, { store, bus });
    const all = await fill(store, [...many('user-1', 20), 'task-1', ...many('user-1', 20)]);
    await vi.waitFor(() => expect(one.state.checkpoint.position).toBe(all.at(-1)?.position));
    expect(one.ids()).toEqual(ids(all.filter(isTask)));
  });

  it('says once that the same thing fails, goes on when it works again, and gives nothing up', async () => {
    const store = inMemoryStore();
    const warn = vi.fn();
    const info = vi.fn();
    const one = reader();
    let failures = 0;
    const { load } = one.following;
    one.following.load = async () => {
      if (failures++ < 5) throw new Error('no database');
      return load(() => {});
    };
    const all = await fill(store, ['task-1']);
    start(one.following, { store, bus: memoryBus(), log: { info, warn, error: warn } });
    await vi.waitFor(() => expect(one.ids()).toEqual(ids(all)));
    expect(warn).toHaveBeenCalledTimes(1);
    expect(info).toHaveBeenCalledTimes(1);
  });

  it('invariant 8: of two on one queue, the second does nothing until the first stops', async () => {
    const store = inMemoryStore();
    const bus = forwarded(store);
    const first = reader();
    const second = reader();
    const active = start(first.following, { store, bus });
    await vi.waitFor(() => expect(first.state.loads).toBe(1));
    start(second.following, { store, bus });
    await fill(store, many('task-1', 10));
    await vi.waitFor(() => expect(first.seen).toHaveLength(10));
    await new Promise((resolve) => setTimeout(resolve, 3 * SILENCE));
    expect(second.state.loads).toBe(0);
    second.state.checkpoint = first.state.checkpoint;
    await active.stop();
    const all = await fill(store, many('task-1', 10));
    await vi.waitFor(() => expect([...first.ids(), ...second.ids()]).toEqual(ids(all)));
  });

  it('stops in whatever state it is', async () => {
    const never = new Promise<never>(() => {});
    const store = inMemoryStore();
    await fill(store, ['task-1']);
    const bus = memoryBus();
    const hung: EventStore = { ...store, readAll: () => ({ [Symbol.asyncIterator]: () => ({ next: () => never }) }) };
    const deaf: EventBus = { ...bus, follow: () => ({ [Symbol.asyncIterator]: () => ({ next: () => never }) }) };
    const followers = [
      follow(reader({ load: () => never }).following, { store, bus: memoryBus(), log }),
      follow(reader().following, { store: hung, bus: memoryBus(), log }),
      follow(reader().following, { store, bus: deaf, log }),
      follow(reader({ apply: () => Promise.reject(new Error('never')) }).following, { store, bus: memoryBus(), log }),
      follow(reader().following, { store, bus, log }),
    ];
    await new Promise((resolve) => setImmediate(resolve));
    await Promise.all(followers.map((one) => one.stop()));
    follow(reader().following, { store, bus, log }).stop();
  });
});
