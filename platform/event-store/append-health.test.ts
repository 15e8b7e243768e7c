import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { NO_STREAM } from '../../contracts/message.ts';
import { absencesIn } from '../absences/absences.ts';
import { openAppendHealth, PROBES } from './append-health.ts';
import { EVENT_STORE, type EventStore, StoreOverloaded, StoreUnavailable } from './event-store.ts';
import { anEvent } from './example-event.fixture.ts';
import { inMemoryStore } from './in-memory.fixture.ts';

/** A watched store whose appends fail with `fails()` where that is an error; the names of the streams that were appended to are in `asked`. */
function rig({ store = inMemoryStore(), ...options }: { store?: EventStore; fresh?: number; pause?: number; patience?: number } = {}) {
  const log = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };
  const asked: string[] = [];
  let failure: Error | null = null;
  const appends = openAppendHealth({ log, fresh: 10_000, pause: 0, ...options });
  const watched = appends.watch({
    ...store,
    append: async (stream, ...rest) => {
      asked.push(stream);
      if (failure) throw failure;
      return store.append(stream, ...rest);
    },
  });
  let streams = 0;
  return {
    appends,
    log,
    asked,
    fails: (error: Error | null) => {
      failure = error;
    },
    add: () => watched.append(`task-${++streams}`, NO_STREAM, [anEvent()]),
    close: watched.close,
  };
}

const full = new StoreUnavailable('the disk is full');

async function probes(store: EventStore): Promise<number[]> {
  const found: number[] = [];
  for await (const page of store.readStream(PROBES)) found.push(...page.map(({ revision }) => revision));
  return found;
}

describe('whether anything can be recorded', () => {
  it('is told by an append of now, without a probe', async () => {
    const { appends, add, asked } = rig();
    await add();
    await appends.check();
    expect(asked).toEqual(['task-1']);
    expect(appends.seconds()).toBe(0);
  });

  it('is told by a probe where nothing was appended yet, or the last append is too old', async () => {
    const { appends, add, asked } = rig({ fresh: -1 });
    await appends.check();
    await add();
    await appends.check();
    expect(asked).toEqual([PROBES, 'task-1', PROBES]);
  });

  it('is told by a probe after a failure, and that it is over, too, though nobody else appends', async () => {
    const { appends, add, fails, asked } = rig();
    await add();
    fails(full);
    await expect(add()).rejects.toThrow();
    await expect(appends.check()).rejects.toThrow('the disk is full');
    expect(appends.seconds()).toBeGreaterThan(0);
    fails(null);
    await appends.check();
    expect(appends.seconds()).toBe(0);
    expect(asked).toEqual(['task-1', 'task-2', PROBES, PROBES]);
  });

  it('is told by an append that is not answered, without a wait for the probe, and is over once it is answered', async () => {
    const store = inMemoryStore();
    const hung = Promise.withResolvers<void>();
    const append: EventStore['append'] = async (...args) => hung.promise.then(() => store.append(...args));
    const { appends, add, log } = rig({ store: { ...store, append }, patience: 10 });
    const added = add();
    await vi.waitFor(() => expect(appends.seconds()).toBeGreaterThan(0));
    const first = appends.check();
    await expect(appends.check()).rejects.toThrow(/an append has had no answer for/);
    await vi.waitFor(() => expect(log.error).toHaveBeenCalledOnce(), 20_000);
    hung.resolve();
    await Promise.all([added, first]);
    expect(appends.seconds()).toBe(0);
    await appends.check();
  });

  it('is told by a probe that is not answered, though nobody else appends', async () => {
    const store = { ...inMemoryStore(), append: () => new Promise<never>(() => {}) };
    const { appends, log } = rig({ store, patience: 10 });
    void appends.check();
    await vi.waitFor(() => expect(log.error).toHaveBeenCalledOnce(), 20_000);
    expect(appends.seconds()).toBeGreaterThan(0);
    await expect(appends.check()).rejects.toThrow(/no answer/);
  });

  it('is not told by one slow append while others are recorded', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const store = inMemoryStore();
    const append: EventStore['append'] = (stream, ...rest) => (stream === 'task-1' ? new Promise(() => {}) : store.append(stream, ...rest));
    const { appends, add } = rig({ store: { ...store, append } });
    void add();
    await add();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(appends.seconds()).toBe(0);
  });

  it('is logged once when it ends, and once when it is back, with the number of appends that failed, whatever is read meanwhile', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const { appends, add, fails, log } = rig();
    for (let n = 0; n < 3; n++) {
      fails(new StoreUnavailable('the disk is full'));
      await expect(add()).rejects.toThrow();
    }
    // It can be read meanwhile.
    absencesIn(log).answered(EVENT_STORE);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(log.error).toHaveBeenCalledExactlyOnceWith(
      { dependency: EVENT_STORE, reason: 'the disk is full' },
      expect.stringMatching(/^nothing can be recorded: the disk is full/),
    );
    expect(log.info).not.toHaveBeenCalled();
    fails(null);
    await appends.check();
    await appends.check();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(log.info).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ failures: 3 }), expect.stringMatching(/can be used again/));
  });

  it('is not told by a lost race, a full queue, a mistake, or the end of the process', async () => {
    const { appends, fails, add, log, close } = rig();
    await appends.check();
    for (const error of [new StoreOverloaded('too much'), new RangeError('no such name')]) {
      fails(error);
      await expect(add()).rejects.toThrow(error);
    }
    await close();
    fails(full);
    await expect(add()).rejects.toThrow(full);
    expect(appends.seconds()).toBe(0);
    expect(log.error).not.toHaveBeenCalled();
  });
});

describe('probes', () => {
  it('are one at a time, however many ask', async () => {
    const { appends, asked } = rig({ fresh: -1 });
    await Promise.all(Array.from({ length: 50 }, () => appends.check()));
    expect(asked).toEqual([PROBES]);
  });

  it('are made once in a pause while nothing can be recorded, however often somebody asks', async () => {
    const { appends, asked, fails } = rig({ pause: 60_000 });
    fails(full);
    for (let n = 0; n < 20; n++) await expect(appends.check()).rejects.toThrow('the disk is full');
    expect(asked).toEqual([PROBES]);
  });

  it('leave a bounded number of events, and those of many processes do not hinder each other', async () => {
    const store = inMemoryStore();
    const processes = Array.from({ length: 5 }, () => rig({ store, fresh: -1 }));
    for (let n = 0; n < 100; n++) await Promise.all(processes.map(({ appends }) => appends.check()));
    const left = await probes(store);
    expect(left.length).toBeLessThan(40);
    expect(left.at(-1)).toBeGreaterThan(100);
    for (const { log } of processes) expect(log.error).not.toHaveBeenCalled();
  });
});
