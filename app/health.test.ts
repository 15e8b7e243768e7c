import { describe, expect, it } from 'vitest';
import { StoreUnavailable } from '../platform/event-store/event-store.ts';
import { inMemoryStore } from '../platform/event-store/in-memory.fixture.ts';
import { type HealthOptions, healthOf } from './health.ts';
import type { Ports } from './open-ports.ts';

const healthWith = (options: Partial<HealthOptions> = {}) =>
  healthOf({
    ports: { store: inMemoryStore() } as Partial<Ports> as Ports,
    needs: new Set(['store']),
    followers: [],
    appends: null,
    others: () => [],
    stopping: () => false,
    ...options,
  });
const full = {
  check: async () => {
    throw new StoreUnavailable('the disk is full');
  },
};

describe('a process is ready', () => {
  it('while its stores can be read', async () => {
    expect(await healthWith().waits()).toEqual([]);
    const store = {
      ...inMemoryStore(),
      head: async () => {
        throw new StoreUnavailable('it is away');
      },
    };
    expect(await healthWith({ ports: { store } as Partial<Ports> as Ports }).waits()).toEqual(['the event store (it is away)']);
  });

  it('and the queues are as they must be, its ring is filled, and nothing of it stands still', async () => {
    expect(await healthWith({ others: () => ['the queue task_list'] }).waits()).toEqual(['the queue task_list']);
  });

  it('and something can be recorded, where it answers commands; one that only reads goes on', async () => {
    expect(await healthWith({ appends: full }).waits()).toEqual(['a store that records (the disk is full)']);
    expect(await healthWith({ appends: null }).waits()).toEqual([]);
  });
});
