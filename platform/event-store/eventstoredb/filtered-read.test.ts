/** Reads of `$all` that the server filters, on a server that others fill. */
import { randomUUID } from 'node:crypto';
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { afterEach, expect, it, vi } from 'vitest';
import { NO_STREAM, START } from '../../../contracts/message.ts';
import { endOf, holds } from '../../followers/checkpoint.ts';
import { countAfter } from '../../followers/count-after.ts';
import { eventsAfter } from '../../followers/events-after.ts';
import { type Rig, startRig } from '../double/rig.fixture.ts';
import { all, events } from '../event-store.suite.ts';
import type { EventStore } from '../event-store.ts';

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const PATIENCE = 200;

async function rigged(
  options: Parameters<typeof startRig>[0] = {},
  patience = 4_000,
): Promise<{ rig: Rig; store: EventStore; others: EventStoreDBClient }> {
  const rig = await startRig(options);
  ends.push(rig.end);
  const others = EventStoreDBClient.connectionString(rig.double.url);
  ends.push(() => others.dispose());
  return { rig, store: await rig.open({ patience }), others };
}

const foreign = (count: number) => Array.from({ length: count }, (_, n) => jsonEvent({ type: 'Counted', data: { n } }));

/** Appends two of our events with many of others between and behind them. Answers the positions of ours. */
async function filled(store: EventStore, others: EventStoreDBClient): Promise<string[]> {
  const positions = [];
  for (let n = 0; n < 2; n++) {
    positions.push((await store.append(`task-${randomUUID()}`, NO_STREAM, events(1))).position);
    await store.append(`_own-${randomUUID()}`, NO_STREAM, events(1));
    await others.appendToStream('$others-1', foreign(100));
  }
  return positions;
}

const positionsOf = async (pages: ReturnType<EventStore['readAll']>) => (await all(pages)).map(({ position }) => position);

it.each([true, false])('reads what is wanted alone, from any place, in both directions, where the server filters reads: %s', async (filtersReads) => {
  const { store, others, rig } = await rigged({ filtersReads });
  const [first = '', second = ''] = await filled(store, others);
  for (const limit of [undefined, 1, 999]) {
    const some = limit === undefined ? {} : { limit };
    const most = (positions: string[]) => positions.slice(0, limit);
    expect(await positionsOf(store.readAll(some))).toEqual(most([first, second]));
    expect(await positionsOf(store.readAll({ ...some, from: second }))).toEqual(most([second]));
    expect(await positionsOf(store.readAll({ ...some, direction: 'backwards' }))).toEqual(most([second, first]));
    expect(await positionsOf(store.readAll({ ...some, direction: 'backwards', from: second }))).toEqual(most([second, first]));
  }
  expect(await all(store.readAll({ log: 'bookkeeping' }))).toHaveLength(2);
  expect(await store.head()).toBe(second);
  expect(rig.said.filter((line) => line.includes('takes no filter'))).toHaveLength(filtersReads ? 0 : 1);
});

it('goes through the log for a position where no record begins, and takes that for no refusal of the filter', async () => {
  const { store, others, rig } = await rigged();
  const [, second = ''] = await filled(store, others);
  const between = String(BigInt(second) - 1n).padStart(20, '0');
  expect(await positionsOf(store.readAll({ from: between }))).toEqual([second]);
  expect(rig.said.join()).not.toContain('takes no filter');
  expect(rig.said.join()).toContain('no event of this log is at that position');
});

it('gives what was found while the server searches on, and waits as long as the server answers others', async () => {
  let searching = Promise.resolve();
  const { store, others } = await rigged({ searching: () => searching }, PATIENCE);
  await store.append(`task-${randomUUID()}`, NO_STREAM, events(1));
  const { promise, resolve } = Promise.withResolvers<void>();
  await others.appendToStream('$others-1', foreign(100));
  const read = store.readAll()[Symbol.asyncIterator]();
  expect((await read.next()).value).toHaveLength(1);
  searching = promise;
  const slow = all(store.readAll());
  const begun = performance.now();
  const isLong = () => expect(performance.now() - begun).toBeGreaterThan(5 * PATIENCE);
  await vi.waitFor(isLong, { timeout: 60 * PATIENCE });
  resolve();
  expect(await slow).toHaveLength(1);
});

it('is given up where the server is silent on all calls', async () => {
  const { rig, store } = await rigged({}, PATIENCE);
  rig.proxy.swallow('both ways');
  await expect(all(store.readAll())).rejects.toMatchObject({ name: 'StoreUnavailable' });
});

/** Reads of the whole log, as who rebuilds, follows, copies and verifies ask for them. */
const READS: Record<string, (store: EventStore, at: { position: string; eventId: string }) => Promise<unknown>> = {
  'of a rebuild': (store) => all(store.readAll({ page: 2_000, lean: true })),
  'of a rebuild that goes on': (store, { position }) => all(store.readAll({ from: position, page: 2_000, lean: true })),
  'of a follower': async (store, at) => {
    for await (const _ of eventsAfter(store, at, new AbortController().signal));
  },
  'of a subscription': async (store, { position }) => {
    const ending = new AbortController();
    for await (const page of store.subscribe({ after: START, signal: ending.signal }))
      if (page.some((one) => one.position === position)) ending.abort();
  },
  'of the last events': (store) => all(store.readAll({ direction: 'backwards', limit: 10_000 })),
  'of a lag': (store) => countAfter(store, START, 1_000),
  'of the end': (store) => endOf(store),
  'of a checkpoint': (store, at) => holds(store, at),
  'of the bookkeeping that is copied': (store) => all(store.readAll({ log: 'bookkeeping' })),
  'of the events that are copied and verified': (store) => all(store.readAll()),
  'of the head': (store) => store.head(),
};

it.each(Object.entries(READS))('gets nothing of what the server has of its own: a read %s', async (_, read) => {
  const { rig, store, others } = await rigged();
  const events = Array.from({ length: 18 }, () => jsonEvent({ type: '$statsCollected', data: { text: 'x'.repeat(50_000) } }));
  await others.appendToStream('$stats-127.0.0.1:2113', events);
  await filled(store, others);
  await others.appendToStream('$stats-127.0.0.1:2113', events);
  const [last] = await all(store.readAll({ direction: 'backwards', limit: 1 }));
  const before = rig.proxy.received();
  await read(store, { position: last?.position ?? '', eventId: last?.id ?? '' });
  expect(rig.proxy.received() - before).toBeLessThan(500_000);
});
