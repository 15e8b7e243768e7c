import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { openSecrets } from '../gateway/identity/secrets/open.ts';
import { SecretsUnavailable } from '../gateway/identity/secrets/secrets.ts';
import { StoreUnavailable } from '../platform/event-store/event-store.ts';
import { inMemoryStore } from '../platform/event-store/in-memory.fixture.ts';
import { FilesUnavailable } from '../platform/files/files.ts';
import { openFiles } from '../platform/files/open.ts';
import { type HealthOptions, healthOf } from './health.ts';
import type { Ports } from './open-ports.ts';
import { ALL_PARTS, type Part } from './parts.ts';
import { writesOf } from './writes.ts';

const healthWith = (options: Partial<HealthOptions> = {}) =>
  healthOf({
    ports: { store: inMemoryStore() } as Partial<Ports> as Ports,
    needs: new Set(['store']),
    followers: [],
    appends: null,
    writes: [],
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

describe('a process whose stores take no writes is not ready', () => {
  let dataDir: string;
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'health-'));
  });
  afterEach(() => rm(dataDir, { recursive: true }));
  const waits = (parts: readonly Part[], ports: Partial<Ports>) => healthWith({ writes: writesOf(parts, ports as Ports) }).waits();

  it('where people log in and the secrets cannot be changed', async () => {
    const secrets = await openSecrets('sqlite:', { dataDir, log: { warn: () => {}, error: () => {} } });
    const full = { ...secrets, put: () => Promise.reject(new SecretsUnavailable('the disk is full')) };
    expect(await waits(['gateway'], { secrets })).toEqual([]);
    expect(await waits(['gateway'], { secrets: full })).toEqual(['secrets that can be changed (the disk is full)']);
    expect(await waits(ALL_PARTS, { secrets: full })).toEqual(['secrets that can be changed (the disk is full)']);
    expect(await waits(['read-side'], { secrets: full })).toEqual([]);
    expect(await secrets.list('codes', 'readiness')).toEqual([]);
    await secrets.close();
  });

  it('where it does nothing but files and the store takes none; one that does other things goes on', async () => {
    const files = await openFiles('file:', { dataDir });
    const full = { ...files, put: () => Promise.reject(new FilesUnavailable('the bucket is full')) };
    expect(await waits(['media'], { files })).toEqual([]);
    expect(await waits(['media'], { files })).toEqual([]);
    expect(await waits(['media'], { files: full })).toEqual(['a file store that takes files (the bucket is full)']);
    expect(await waits(['read-side', 'media'], { files: full })).toEqual([]);
    await files.close();
  });

  it('where it does nothing but files, which the store is tried for once a minute while it takes them, and each second while it does not', async () => {
    const files = await openFiles('file:', { dataDir });
    onTestFinished(() => files.close());
    const put = vi.fn(files.put);
    const [, check] = writesOf(['media'], { files: { ...files, put } } as unknown as Ports)[0] ?? [];
    const clock = vi.spyOn(performance, 'now').mockReturnValue(0);
    onTestFinished(() => clock.mockRestore());
    const triesAt = async (seconds: number) => {
      clock.mockReturnValue(seconds * 1_000);
      await check?.().catch(() => {});
      return put.mock.calls.length;
    };
    expect([await triesAt(0), await triesAt(59), await triesAt(61)]).toEqual([1, 1, 2]);
    put.mockRejectedValue(new FilesUnavailable('the bucket is full'));
    expect([await triesAt(122), await triesAt(124), await triesAt(126)]).toEqual([3, 4, 5]);
  });
});
