import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type EventStore, StoreUnavailable } from './event-store.ts';
import { installationOf } from './installation.ts';
import { openEventStore } from './open.ts';

const { signal } = new AbortController();
let dataDir: string;
let store: EventStore;
const open = async () => {
  store = await openEventStore('sqlite:', { dataDir, log: { error: () => {} } });
};
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'installation-'));
  await open();
});
afterEach(async () => {
  await store.close();
  await rm(dataDir, { recursive: true });
});

it('is named once, by the first who asks, and stays over restarts', async () => {
  const names = await Promise.all(Array.from({ length: 10 }, () => installationOf(store, signal)));
  expect(new Set(names).size).toBe(1);
  expect(names[0]).toMatch(/^[0-9a-f-]{36}$/);
  await store.close();
  await open();
  expect(await installationOf(store, signal)).toBe(names[0]);
});

it('is another one in another store', async () => {
  const one = await installationOf(store, signal);
  await store.close();
  await rm(dataDir, { recursive: true });
  dataDir = await mkdtemp(join(tmpdir(), 'installation-'));
  await open();
  expect(await installationOf(store, signal)).not.toBe(one);
});

it('is not known where nothing can be recorded now, and waited for where nothing can be read', async () => {
  const full = { ...store, append: () => Promise.reject(new StoreUnavailable('the disk is full')) };
  expect(await installationOf(full, signal)).toBeNull();
  const name = await installationOf(store, signal);
  let misses = 2;
  const away = {
    ...store,
    readStream: (...args: Parameters<EventStore['readStream']>) => {
      if (misses-- > 0) throw new StoreUnavailable('away');
      return store.readStream(...args);
    },
  };
  expect(await installationOf(away, signal)).toBe(name);
});
