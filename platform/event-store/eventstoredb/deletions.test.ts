/** Streams that an operator deleted or truncated on the server, as the port tells of them. */
import { randomUUID } from 'node:crypto';
import { EventStoreDBClient } from '@eventstore/db-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NO_STREAM } from '../../../contracts/message.ts';
import { type Rig, startRig } from '../double/rig.fixture.ts';
import { all, events } from '../event-store.suite.ts';
import { type EventStore, StreamGone } from '../event-store.ts';

const stream = () => `task-${randomUUID()}`;
let rig: Rig;
let store: EventStore;
let operator: EventStoreDBClient;

beforeEach(async () => {
  rig = await startRig();
  store = await rig.open();
  operator = EventStoreDBClient.connectionString(rig.double.url);
});
afterEach(async () => {
  await operator.dispose();
  await rig.end();
});

async function filled(): Promise<string> {
  const name = stream();
  await store.append(name, NO_STREAM, events(3));
  return name;
}

describe('a stream that was deleted softly', () => {
  it('reads as none, and who knew it is told', async () => {
    const name = await filled();
    await operator.deleteStream(name);
    expect(await all(store.readStream(name))).toEqual([]);
    expect(await all(store.readStream(name, { tellGone: true }))).toEqual([]);
    expect(await all(store.readStream(name, { from: 3 }))).toEqual([]);
    await expect(all(store.readStream(name, { from: 3, tellGone: true }))).rejects.toMatchObject({ how: 'missing' });
  });

  it('goes on behind its last revision, and shows nothing of before, however few events it keeps', async () => {
    for (const [name, options] of [
      [await filled(), {}],
      [`_own-${randomUUID()}`, { keep: 2 }],
    ] as const) {
      if ('keep' in options) await store.append(name, NO_STREAM, events(3));
      await operator.deleteStream(name);
      const again = events(1);
      expect(await store.append(name, NO_STREAM, again, options)).toMatchObject({ revision: 3 });
      expect((await all(store.readStream(name))).map(({ id, revision }) => [id, revision])).toEqual([[again[0]?.id, 3]]);
      await store.append(name, 3, events(1), options);
      expect((await all(store.readStream(name))).map(({ revision }) => revision)).toEqual([3, 4]);
    }
  });
});

describe('a stream with a tombstone', () => {
  it('reads as none, takes nothing, and says that it is gone for good', async () => {
    const name = await filled();
    await operator.tombstoneStream(name);
    expect(await all(store.readStream(name))).toEqual([]);
    await expect(all(store.readStream(name, { tellGone: true }))).rejects.toMatchObject({ how: 'tombstone' });
    for (const expected of [NO_STREAM, 2])
      await expect(store.append(name, expected, events(1))).rejects.toThrow(new StreamGone(name, 'tombstone').message);
  });
});

describe('a truncated stream', () => {
  it('begins later', async () => {
    const name = await filled();
    await operator.setStreamMetadata(name, { truncateBefore: 2 });
    expect((await all(store.readStream(name, { tellGone: true }))).map(({ revision }) => revision)).toEqual([2]);
    expect(await all(store.readStream(name, { from: 3, tellGone: true }))).toEqual([]);
  });

  it('of which nothing is left is told from one that never was', async () => {
    const name = await filled();
    await operator.setStreamMetadata(name, { truncateBefore: 3 });
    expect(await all(store.readStream(name))).toEqual([]);
    for (const direction of ['forwards', 'backwards'] as const)
      await expect(all(store.readStream(name, { direction, tellGone: true }))).rejects.toMatchObject({ how: 'hidden' });
    expect(await all(store.readStream(stream(), { tellGone: true }))).toEqual([]);
  });
});
