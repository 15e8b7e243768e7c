import { createServer } from 'node:http';
import { expect, it, vi } from 'vitest';
import { openMemoryBus } from '../platform/event-bus/memory/memory.ts';
import { fill, inMemoryStore } from '../platform/event-store/in-memory.fixture.ts';
import { REALTIME, startRealtime } from './push.ts';

const log = { info: () => {}, warn: () => {}, error: () => {} };

it('is ready once its ring is filled, it hears of what is new, and it has pushed what came between', async () => {
  const store = inMemoryStore();
  await fill(store, ['task-1', 'task-2']);
  const bus = openMemoryBus({ queues: [REALTIME.queue], log });
  const [heard, read] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let isBegun = false;
  const realtime = await startRealtime({
    server: createServer(),
    store: {
      ...store,
      readAll: async function* (options = {}) {
        if (isBegun) await read.promise;
        yield* store.readAll(options);
      },
    },
    bus: {
      ...bus,
      follow: async function* (...how) {
        await heard.promise;
        yield* bus.follow(...how);
      },
    },
    expectUnbound: async () => {},
    authenticate: async () => expect.fail('nobody comes'),
    mayRead: async () => true,
    seesAll: () => false,
    origins: [],
    log,
  });
  try {
    expect(realtime.position()).toBe(await store.head());
    expect(realtime.ready()).toBe(false);
    await fill(store, ['task-3']);
    isBegun = true;
    heard.resolve();
    await vi.waitFor(() => expect(realtime.paces[0]?.hasTurn()).toBe(true));
    expect(realtime.ready()).toBe(false);
    read.resolve();
    await vi.waitFor(() => expect(realtime.ready()).toBe(true), 10_000);
    expect(realtime.position()).toBe(await store.head());
  } finally {
    await realtime.stop();
    await bus.close();
  }
});
