/** Erasures that a killed process did not list. */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { exampleEvent } from '../../contracts/catalog.ts';
import { NO_STREAM } from '../../contracts/message.ts';
import { openMemoryBus } from '../../platform/event-bus/memory/memory.ts';
import type { EventStore } from '../../platform/event-store/event-store.ts';
import { inMemoryStore } from '../../platform/event-store/in-memory.fixture.ts';
import { openParking } from '../../platform/followers/parking.ts';
import { startForwarder } from '../forwarder/forward.ts';
import { ERASURES, startListingErasures } from './erasures.ts';

const log = { info: () => {}, warn: () => {}, error: () => {} };
const [ANN, BEN, CAL] = [randomUUID(), randomUUID(), randomUUID()];

let store: EventStore;
const stops: (() => Promise<unknown>)[] = [];
beforeEach(() => {
  store = inMemoryStore();
});
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function erased(person: string, schema?: number): Promise<void> {
  const { data, metadata } = exampleEvent('UserErased');
  const its = { ...metadata, actor: BEN, ...(schema === undefined ? {} : { schema }) };
  await store.append(`user-${person}`, NO_STREAM, [{ id: randomUUID(), type: 'UserErased', data, metadata: its }]);
}

it('are listed with who asked, and one of a shape that this release does not know is set aside, and holds no other', async () => {
  const bus = openMemoryBus({ queues: [ERASURES.queue], log });
  stops.push(startForwarder({ store, bus, log, backoff: 1 }).stop);
  const begin = vi.fn(async () => {});
  const following = await startListingErasures({ store, bus, log, begin, silence: 1e9, backoff: 1 });
  stops.push(following.stop);
  await vi.waitFor(() => expect(following.active()).toBe(true));
  await erased(ANN);
  await erased(BEN, 99);
  await erased(CAL);
  await vi.waitFor(() => expect(begin).toHaveBeenCalledTimes(2));
  expect(begin.mock.calls).toEqual([ANN, CAL].map((person) => [{ person, by: BEN, at: expect.any(String) }]));
  await vi.waitFor(async () => {
    const parked = (await openParking(store, ERASURES.name)).list();
    expect(parked.map(({ stream, unknown }) => [stream, unknown?.type])).toEqual([[`user-${BEN}`, 'UserErased']]);
  });
});
