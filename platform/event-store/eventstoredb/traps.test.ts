/** Traps of @eventstore/db-client and of EventStoreDB, each with the way that the store takes around it. */
import { randomUUID } from 'node:crypto';
import { EventStoreDBClient } from '@eventstore/db-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { NO_STREAM, type RecordedEvent, START } from '../../../contracts/message.ts';
import { type Rig, startRig } from '../double/rig.fixture.ts';
import { all, events } from '../event-store.suite.ts';
import { type EventStore, StoreOverloaded, StoreUnavailable, WrongExpectedRevision } from '../event-store.ts';
import { anEvent } from '../example-event.fixture.ts';

const stream = () => `task-${randomUUID()}`;
let rig: Rig;
let store: EventStore;

beforeEach(async () => {
  rig = await startRig();
  store = await rig.open();
});
afterEach(() => rig.end());

describe('reads', () => {
  it('of streams that are not there may be many: none is reset, which servers take for an attack (CVE-2023-44487)', async () => {
    const MANY = 2_500;
    let left = MANY;
    const one = async () => {
      while (left-- > 0) await all(store.readStream(stream()));
    };
    await Promise.all(Array.from({ length: 32 }, one));
  });
});

describe('appends', () => {
  it('answer with the position of their last event, where each event has its own', async () => {
    const name = stream();
    const appended = await store.append(name, NO_STREAM, events(5));
    const positions = (await all(store.readStream(name))).map(({ position }) => position);
    expect(new Set(positions).size).toBe(5);
    expect(appended.position).toBe(positions.at(-1));
  });

  it('repeated with fewer events are answered with the revision of the last of these, not as if all were decided again', async () => {
    const [name, batch] = [stream(), events(3)];
    await store.append(name, NO_STREAM, batch);
    const [first] = await all(store.readStream(name));
    expect(await store.append(name, NO_STREAM, batch.slice(0, 1))).toEqual({ revision: 0, position: first?.position });
  });

  it('repeated with other ids behind the same first one are not taken for the first ones', async () => {
    const [name, batch] = [stream(), events(2)];
    await store.append(name, NO_STREAM, batch);
    await expect(store.append(name, NO_STREAM, [...batch.slice(0, 1), anEvent()])).rejects.toBeInstanceOf(WrongExpectedRevision);
  });

  it('of one stream that are refused say its revision, whichever was expected', async () => {
    const name = stream();
    await expect(store.append(name, 4, events(1))).rejects.toMatchObject({ actual: NO_STREAM });
    await store.append(name, NO_STREAM, events(3));
    await expect(store.append(name, 9, events(1))).rejects.toMatchObject({ actual: 2 });
  });

  it('larger than the server takes are refused, and harm no other', async () => {
    const [too, small] = [anEvent('x'.repeat(1_100_000)), events(1)];
    const [refused, taken] = await Promise.allSettled([store.append(stream(), NO_STREAM, [too]), store.append(stream(), NO_STREAM, small)]);
    expect(refused).toMatchObject({ status: 'rejected', reason: expect.any(RangeError) });
    expect(taken.status).toBe('fulfilled');
  });

  it('with an id that is no UUID are refused, and harm no other', async () => {
    await expect(store.append(stream(), NO_STREAM, [{ ...anEvent(), id: 'one' }])).rejects.toBeInstanceOf(RangeError);
  });

  it('invariant 12: beyond what may be in flight are refused, and those taken are recorded', async () => {
    const names = Array.from({ length: 4_050 }, stream);
    const outcomes = await Promise.allSettled(names.map((name) => store.append(name, NO_STREAM, [anEvent(0)])));
    const refused = outcomes.filter((one) => one.status === 'rejected');
    expect(refused).toHaveLength(50);
    expect(refused.every(({ reason }) => reason instanceof StoreOverloaded)).toBe(true);
    expect(await all(store.readAll())).toHaveLength(4_000);
  });

  it('that were taken are finished before the store is closed, and none is taken afterwards', async () => {
    const appends = events(50).map((event) => store.append(stream(), NO_STREAM, [event]));
    await store.close();
    await Promise.all(appends);
    await expect(store.append(stream(), NO_STREAM, events(1))).rejects.toBeInstanceOf(StoreUnavailable);
    await expect(store.head()).rejects.toBeInstanceOf(StoreUnavailable);
    await expect(all(store.readAll())).rejects.toBeInstanceOf(StoreUnavailable);
    await expect(all(store.readStream(stream()))).rejects.toBeInstanceOf(StoreUnavailable);
    expect(await all(store.subscribe({ signal: new AbortController().signal }))).toEqual([]);
  });
});

describe('an append that the server answers without a position, as an old one does when it is repeated', () => {
  beforeEach(async () => {
    await rig.end();
    rig = await startRig({ answersRepeatsWithPosition: false });
    store = await rig.open();
  });

  it('is looked up', async () => {
    const [name, batch] = [stream(), events(3)];
    const first = await store.append(name, NO_STREAM, batch);
    expect(await store.append(name, NO_STREAM, batch)).toEqual(first);
  });
});

describe('the log', () => {
  it('leaves out the server’s own streams and bookkeeping, which the client’s readAll cannot filter', async () => {
    const batch = events(3);
    for (const event of batch) {
      await store.append(`_x-${randomUUID()}`, NO_STREAM, events(1));
      await store.append(stream(), NO_STREAM, [event]);
    }
    expect(await all(store.readAll())).toMatchObject(batch);
    expect(await all(store.readAll({ limit: 2 }))).toMatchObject(batch.slice(0, 2));
    expect(await all(store.readAll({ direction: 'backwards' }))).toMatchObject([...batch].reverse());
    expect((await all(store.readAll({ log: 'bookkeeping' }))).every(({ stream }) => stream.startsWith('_x'))).toBe(true);
  });

  it('is read backwards from an event on, although the server reads what is before it', async () => {
    const log = await logOf(5);
    for (const [index, { position }] of log.entries())
      expect(await all(store.readAll({ direction: 'backwards', from: position }))).toEqual(log.slice(0, index + 1).reverse());
  });

  it('goes on behind a position, and again from its last event after a cut, with nothing missing or twice', async () => {
    const log = await logOf(6);
    const seen: RecordedEvent[] = [];
    const ending = new AbortController();
    for await (const page of store.subscribe({ after: log[1]?.position ?? START, signal: ending.signal })) {
      seen.push(...page);
      if (seen.length === 4) {
        await store.append(stream(), NO_STREAM, events(1));
        rig.proxy.cut();
      }
      if (seen.length >= 5) ending.abort();
    }
    expect(seen.slice(0, 4)).toEqual(log.slice(2));
    expect(seen).toHaveLength(5);
  });

  it('is read from positions where nothing begins: of before a restore, or of another store', async () => {
    const log = await logOf(4);
    const between = (index: number) => String(BigInt(log[index]?.position ?? 0) + 1n).padStart(20, '0');
    expect(await all(store.readAll({ from: between(1) }))).toEqual(log.slice(2));
    expect(await all(store.readAll({ from: between(1), limit: 1 }))).toEqual(log.slice(2, 3));
    expect(await all(store.readAll({ from: between(2), direction: 'backwards' }))).toEqual(log.slice(0, 3).reverse());
    const beyond = '0'.padStart(20, '9');
    for (const from of [between(3), '00000000009999999999', beyond, '0000000000000001', 'soon']) {
      expect(await all(store.readAll({ from }))).toEqual([]);
      expect(await all(store.readAll({ from, direction: 'backwards' }))).toEqual([...log].reverse());
    }
    expect(await all(store.readAll({ from: START }))).toEqual(log);
    expect(await all(store.readAll({ from: START, direction: 'backwards' }))).toEqual([]);
  });

  it('is followed from positions where nothing begins', async () => {
    const log = await logOf(4);
    const after = String(BigInt(log[1]?.position ?? 0) + 1n).padStart(20, '0');
    const ending = new AbortController();
    const seen: RecordedEvent[] = [];
    for await (const page of store.subscribe({ after, signal: ending.signal })) {
      seen.push(...page);
      if (seen.length === 2) await logOf(1);
      if (seen.length === 3) ending.abort();
    }
    expect(seen.slice(0, 2)).toEqual(log.slice(2));
  });

  it('has a head that is exact, however much bookkeeping is behind it', async () => {
    expect(await store.head()).toBe(START);
    const other = await rig.open();
    for (let round = 0; round < 3; round++) {
      const { position } = await other.append(stream(), NO_STREAM, events(2));
      expect(await store.head()).toBe(position);
      for (let n = 0; n < 30; n++) await other.append(`_x-${randomUUID()}`, NO_STREAM, events(1));
      expect(await store.head()).toBe(position);
      expect(await Promise.all(Array.from({ length: 10 }, () => store.head()))).toEqual(Array.from({ length: 10 }, () => position));
    }
  });

  it('invariant 2: has a head that is never before an append that was acknowledged to anybody', async () => {
    const other = await rig.open();
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        for (let n = 0; n < 10; n++) {
          const { position } = await other.append(stream(), NO_STREAM, events(1));
          expect((await store.head()) >= position).toBe(true);
        }
      }),
    );
  });

  /** Appends `count` events; answers all events of the log. */
  async function logOf(count: number): Promise<RecordedEvent[]> {
    for (let n = 0; n < count; n++) {
      await store.append(stream(), NO_STREAM, events(1));
      await store.append(`_x-${randomUUID()}`, NO_STREAM, events(1));
    }
    return all(store.readAll());
  }
});

describe('a slow reader', () => {
  it('invariant 12: holds the server back; what it has not asked for is not on its way', async () => {
    const [count, size] = [500, 50_000];
    for (let n = 0; n < count; n += 10)
      await store.append(
        stream(),
        NO_STREAM,
        Array.from({ length: 10 }, () => anEvent('x'.repeat(size))),
      );
    const before = rig.proxy.received();
    const slow = (await rig.open()).subscribe({ signal: new AbortController().signal })[Symbol.asyncIterator]();
    const seen: RecordedEvent[] = (await slow.next()).value ?? [];
    // Time enough for all bytes to come, if they were not held back.
    await expect(all(store.readAll())).resolves.toHaveLength(count);
    expect(rig.proxy.received() - before).toBeLessThan(count * size * 1.5);
    while (seen.length < count) seen.push(...((await slow.next()).value as RecordedEvent[]));
    expect(new Set(seen.map(({ id }) => id)).size).toBe(count);
    await slow.return?.();
  });
});

describe('a reader that stops', () => {
  it('invariant 12: leaves no call open on the server', async () => {
    for (let n = 0; n < 4; n++) await store.append('task-1', n * 500 - 1, events(500));
    for (let n = 0; n < 5; n++) {
      for await (const _ of store.readAll({ page: 1 })) break;
      for await (const _ of store.readStream('task-1')) break;
      for await (const _ of store.subscribe({ signal: new AbortController().signal })) break;
    }
    await vi.waitFor(() => expect(rig.double.reading()).toBe(0));
  });
});

describe('bookkeeping', () => {
  it('invariant 13: that a subscription went past is not gone through again, and nothing behind it is missing', async () => {
    const seen: RecordedEvent[] = [];
    const ending = new AbortController();
    const following = (async () => {
      for await (const page of store.subscribe({ signal: ending.signal })) seen.push(...page);
    })();
    for (let n = 0; n < 6; n++) await store.append('_x', n * 500 - 1, events(500));
    const written = events(3);
    for (const event of written) {
      await rig.restart();
      await vi.waitFor(() => store.append(stream(), NO_STREAM, [event]), { timeout: 20_000 });
    }
    await vi.waitFor(() => expect(seen).toHaveLength(3), { timeout: 20_000 });
    ending.abort();
    await following;
    expect(seen).toMatchObject(written);
  });

  it('that once kept its last event only keeps all of later ones that do not ask for it', async () => {
    const name = `_parked-${randomUUID()}`;
    await store.append(name, NO_STREAM, events(3));
    await store.append(name, 2, events(1), { keep: 1 });
    await store.append(name, 3, events(2));
    expect((await all(store.readStream(name))).map(({ revision }) => revision)).toEqual([3, 4, 5]);
    expect((await all(store.readAll({ log: 'bookkeeping' }))).map(({ revision }) => revision)).toEqual([3, 4, 5]);
  });

  it('that is trimmed seldom costs one append a checkpoint, and keeps a bounded number of them', async () => {
    const name = `_checkpoint-${randomUUID()}`;
    const operator = EventStoreDBClient.connectionString(rig.double.url);
    const trimmings = async () => {
      let count = 0;
      for await (const { event } of operator.readAll()) if (event?.streamId === `$$${name}`) count++;
      return count;
    };
    for (let revision = NO_STREAM; revision < 249; revision++) await store.append(name, revision, events(1), { keep: 3, seldom: true });
    expect(await trimmings()).toBe(2);
    await operator.dispose();
    const shown = (await all(store.readStream(name))).map(({ revision }) => revision);
    expect([shown.at(0), shown.at(-1)]).toEqual([198, 249]);
  });

  it('is read backwards and from a revision that is gone', async () => {
    const name = `_checkpoint-${randomUUID()}`;
    for (let revision = NO_STREAM; revision < 6; revision++) await store.append(name, revision, events(1), { keep: 2 });
    expect((await all(store.readStream(name, { from: 1 }))).map(({ revision }) => revision)).toEqual([5, 6]);
    expect((await all(store.readStream(name, { direction: 'backwards', limit: 9 }))).map(({ revision }) => revision)).toEqual([6, 5]);
    expect(await all(store.readStream(name, { direction: 'backwards', from: 3 }))).toEqual([]);
  });
});
