import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { categoryOf, type RecordedEvent } from '../../contracts/message.ts';
import { isOurs } from '../../contracts/ours.ts';
import { type BusMessage, BusUnavailable, type EventBus } from '../../platform/event-bus/event-bus.ts';
import { openMemoryBus } from '../../platform/event-bus/memory/memory.ts';
import { type EventStore, StoreUnavailable } from '../../platform/event-store/event-store.ts';
import { openForeign } from '../../platform/event-store/foreign.ts';
import { fill, inMemoryStore, newEvent } from '../../platform/event-store/in-memory.fixture.ts';
import { onlyOurs } from '../../platform/event-store/only-ours.ts';
import type { ForwarderCheckpoint } from './checkpoint.ts';
import { type ForwarderContext, startForwarder } from './forward.ts';

const log = { info: () => {}, warn: () => {} };
const stops: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

/** A bus that remembers what was published, in order; `confirm` decides on each batch. */
function recordingBus(confirm: (messages: readonly BusMessage[]) => Promise<void> = async () => {}) {
  const published: BusMessage[] = [];
  const bus = openMemoryBus({ queues: [], log });
  const recording: EventBus = {
    ...bus,
    publisher: async (signal) => {
      const publisher = await bus.publisher(signal);
      return {
        ...publisher,
        publish: async (messages) => {
          published.push(...messages);
          await confirm(messages);
          await publisher.publish(messages);
        },
      };
    },
  };
  return { bus: recording, published, ids: () => published.map(({ event }) => event.id) };
}

function start(store: EventStore, bus: EventBus, more: Partial<ForwarderContext> = {}) {
  const forwarder = startForwarder({ store, bus, log, batch: 4, backoff: 1, ...more });
  stops.push(forwarder.stop);
  return forwarder;
}

async function checkpoint(store: EventStore): Promise<ForwarderCheckpoint | undefined> {
  for await (const [last] of store.readStream('_forwarder', { direction: 'backwards', limit: 1 })) return last?.data as ForwarderCheckpoint;
  return undefined;
}

const ids = (events: readonly RecordedEvent[]) => events.map(({ id }) => id);
const some = ['task-1', 'user-1', 'task-2', 'task-1', 'notification-1', 'user-1', 'task-1', 'task-3', 'user-2', 'task-1'];

/** Every message names the one before it in the log, on the bus and in its category. */
function expectChain(published: readonly BusMessage[], all: readonly RecordedEvent[]): void {
  for (const { event, previous, previousInCategory } of published) {
    const before = all.slice(0, ids(all).indexOf(event.id));
    expect(previous).toBe(before.at(-1)?.position ?? '');
    expect(previousInCategory).toBe(before.findLast(({ stream }) => categoryOf(stream) === categoryOf(event.stream))?.position ?? '');
  }
}

describe('the forwarder', () => {
  it('invariant 6: publishes the log in its order, each message with the one before it, and no bookkeeping', async () => {
    const store = inMemoryStore();
    await fill(store, some);
    const { bus, published } = recordingBus();
    const forwarder = start(store, bus);
    const all = await fill(store, [...some, '_checkpoint-x', ...some]);
    await vi.waitFor(() => expect(forwarder.position()).toBe(all.at(-1)?.position));
    expect(published.map(({ event }) => event.id)).toEqual(ids(all));
    expectChain(published, all);
    expect(await forwarder.lag()).toBe(0);
  });

  it('invariant 6: moves its checkpoint only after the confirm', async () => {
    const store = inMemoryStore();
    await fill(store, ['task-1']);
    const { promise: confirmed, resolve: confirm } = Promise.withResolvers<void>();
    const { bus, published } = recordingBus(() => confirmed);
    const forwarder = start(store, bus);
    await vi.waitFor(() => expect(published).toHaveLength(1));
    expect(forwarder.position()).toBe('');
    expect(await forwarder.lag()).toBe(1);
    expect((await checkpoint(store))?.position).toBe('');
    confirm();
    await vi.waitFor(async () => expect((await checkpoint(store))?.position).toBe(await store.head()));
  });

  it('invariant 6: what was published and not remembered is published again, as the same chain', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...some), { minLength: 1, maxLength: 30 }),
        fc.array(fc.nat(9), { maxLength: 5 }),
        async (streams, crashes) => {
          const store = inMemoryStore();
          const all = await fill(store, streams);
          const { bus, published } = recordingBus(async () => {
            // After it was published, before the checkpoint: the process is gone, or the broker is.
            if (crashes.length > 0 && crashes.pop() !== 0) throw new BusUnavailable('as asked for');
          });
          const forwarder = startForwarder({ store, bus, log, batch: 4, backoff: 0.1 });
          await vi.waitFor(() => expect(forwarder.position()).toBe(all.at(-1)?.position), { interval: 1 });
          await forwarder.stop();
          expect([...new Set(published.map(({ event }) => event.id))]).toEqual(ids(all));
          expectChain(published, all);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('goes on after its checkpoint, which stopping writes, and keeps little of it', async () => {
    const store = inMemoryStore();
    const { bus, ids: published } = recordingBus();
    for (const _ of [1, 2, 3, 4, 5]) {
      const all = await fill(store, some);
      const forwarder = start(store, bus);
      await vi.waitFor(() => expect(forwarder.position()).toBe(all.at(-1)?.position));
      await forwarder.stop();
      expect(published()).toEqual(ids(all));
      expect(await checkpoint(store)).toMatchObject({ position: all.at(-1)?.position, eventId: all.at(-1)?.id, previous: all.at(-1)?.position });
    }
    for await (const page of store.readStream('_forwarder')) expect(page.length).toBeLessThanOrEqual(3);
  });

  it('invariant 6: one is active, the other takes over', async () => {
    const store = inMemoryStore();
    const { bus, ids: published } = recordingBus();
    const first = start(store, bus);
    await vi.waitFor(() => expect(first.active()).toBe(true));
    const second = start(store, bus);
    await fill(store, some);
    await vi.waitFor(() => expect(published()).toHaveLength(some.length));
    expect(second.active()).toBe(false);
    await first.stop();
    const all = await fill(store, some);
    await vi.waitFor(() => expect(second.position()).toBe(all.at(-1)?.position));
    expect(published()).toEqual(ids(all));
  });

  it('invariant 6: a zombie that still publishes loses its checkpoint, steps down, and waits for its turn', async () => {
    const store = inMemoryStore();
    // Two buses: each forwarder believes it holds the one there is.
    const [zombie, heir] = [recordingBus(), recordingBus()];
    const old = start(store, zombie.bus);
    await fill(store, some);
    await vi.waitFor(async () => expect((await checkpoint(store))?.position).toBe(await store.head()));
    const warnings = vi.fn();
    const holds = vi.spyOn(zombie.bus, 'publisher').mockReturnValue(new Promise(() => {}));
    const next = start(store, heir.bus, { log: { ...log, warn: warnings } });
    await vi.waitFor(() => expect(next.active()).toBe(true));
    const all = await fill(store, some);
    await vi.waitFor(() => expect(old.active()).toBe(false));
    await vi.waitFor(() => expect(holds).toHaveBeenCalled());
    await vi.waitFor(async () => expect((await checkpoint(store))?.position).toBe(all.at(-1)?.position));
    expect(warnings).not.toHaveBeenCalled();
    expect(heir.ids()).toEqual(ids(all.slice(some.length)));
    stops.splice(0, 1);
  });

  it('invariant 6: steps down when its hold is lost, and what was not confirmed by then does not count', async () => {
    const store = inMemoryStore();
    const losing = new AbortController();
    const inner = openMemoryBus({ queues: [], log });
    let holds = 0;
    const bus: EventBus = {
      ...inner,
      publisher: async (signal) => {
        const publisher = await inner.publisher(signal);
        return ++holds === 1 ? { ...publisher, lost: losing.signal } : publisher;
      },
    };
    const forwarder = start(store, bus);
    await vi.waitFor(() => expect(forwarder.active()).toBe(true));
    losing.abort();
    await vi.waitFor(() => expect(holds).toBe(2));
    await fill(store, some);
    await vi.waitFor(async () => expect(forwarder.position()).toBe(await store.head()));
  });

  it('goes on after errors of the store and the bus, and says each once', async () => {
    const store = inMemoryStore();
    const all = await fill(store, some);
    const { bus, ids: published } = recordingBus();
    const warn = vi.fn();
    const append = vi.spyOn(store, 'append');
    for (let n = 0; n < 4; n++) append.mockRejectedValueOnce(new StoreUnavailable('gone'));
    vi.spyOn(bus, 'publisher').mockRejectedValueOnce(new BusUnavailable('gone too'));
    const forwarder = start(store, bus, { log: { ...log, warn } });
    await vi.waitFor(() => expect(forwarder.position()).toBe(all.at(-1)?.position));
    expect(published()).toEqual(ids(all));
    expect(warn).toHaveBeenCalledTimes(2);
  });

  it('in a log that is another one it goes on from the end, and no follower can miss what was before', async () => {
    const store = inMemoryStore();
    const { bus, published } = recordingBus();
    const first = start(store, bus);
    await vi.waitFor(() => expect(first.active()).toBe(true));
    await first.stop();
    const foreign: ForwarderCheckpoint = {
      position: '0000000000000007',
      eventId: 'elsewhere',
      previous: '0000000000000007',
      categories: {},
      floor: '',
    };
    const before = await fill(store, some);
    await moveTo(store, foreign);
    const second = start(store, bus);
    await vi.waitFor(() => expect(second.active()).toBe(true));
    await fill(store, ['task-1', 'user-1', 'task-1']);
    await vi.waitFor(() => expect(published).toHaveLength(3));
    const end = before.at(-1)?.position;
    expect(published.map(({ previousInCategory }) => previousInCategory)).toEqual([end, end, published[0]?.event.position]);
    expect(published[0]?.previous).toBe(end);
  });

  it('passes what is not ours, in the chain as on the bus, goes on from it, and keeps nothing of its categories', async () => {
    const whole = inMemoryStore();
    const store = onlyOurs(whole, openForeign());
    const [task, user] = ['task-7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07', 'user-7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e08'];
    const [first, foreign] = await fill(whole, [task, 'ticket-7']);
    const position = foreign?.position ?? '';
    const categories = Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`ticket${n}`, position]));
    const data: ForwarderCheckpoint = {
      ...{ position, eventId: foreign?.id ?? '', previous: position },
      ...{ categories: { ...categories, task: first?.position ?? '' }, floor: '' },
    };
    await store.append('_forwarder', -1, [{ ...newEvent('TaskCommented'), data }]);
    const { bus, published } = recordingBus();
    const forwarder = start(store, bus);
    const log = await fill(whole, ['ticket-8', task, 'ticket-9', user, task, `${task}-copy`]);
    const ours = log.slice(2).filter(isOurs);
    await vi.waitFor(() => expect(forwarder.position()).toBe(ours.at(-1)?.position));
    expect(published.map(({ event }) => event.id)).toEqual(ids(ours));
    expect(published.map(({ previous }) => previous)).toEqual([position, ours[0]?.position, ours[1]?.position]);
    expect(published.map(({ previousInCategory }) => previousInCategory)).toEqual([first?.position, '', ours[0]?.position]);
    expect(await forwarder.lag()).toBe(0);
    await vi.waitFor(async () => expect(Object.keys((await checkpoint(store))?.categories ?? {}).sort()).toEqual(['task', 'user']));
  });

  it('stops while it waits for its turn, and while the broker does not answer', async () => {
    const store = inMemoryStore();
    await fill(store, some);
    const { bus, published } = recordingBus(() => new Promise(() => {}));
    const first = start(store, bus);
    const second = start(store, bus);
    await vi.waitFor(() => expect(published.length).toBeGreaterThan(0));
    await Promise.all([first.stop(), second.stop()]);
    expect((await checkpoint(store))?.position).toBe('');
  });
});

async function moveTo(store: EventStore, to: ForwarderCheckpoint): Promise<void> {
  for await (const [last] of store.readStream('_forwarder', { direction: 'backwards', limit: 1 })) {
    if (last) await store.append('_forwarder', last.revision, [{ ...last, id: 'moved', data: to }]);
  }
}
