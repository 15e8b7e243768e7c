/** Reads of `$all` that the server filters, on a server that others fill. */
import { randomUUID } from 'node:crypto';
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { afterEach, expect, it, vi } from 'vitest';
import { NO_STREAM } from '../../../contracts/message.ts';
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
