/** Read models and streams that an operator of EventStoreDB deleted or truncated. */
import { randomUUID } from 'node:crypto';
import { EventStoreDBClient } from '@eventstore/db-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { idOf, type NewEvent, NO_STREAM, type RecordedEvent } from '../contracts/message.ts';
import { startRig } from '../platform/event-store/double/rig.fixture.ts';
import type { EventStore } from '../platform/event-store/event-store.ts';
import { newEvent } from '../platform/event-store/in-memory.fixture.ts';
import { openRig, type Projected, type Rig } from '../system/projections.fixture.ts';
import type { AnyProjector } from './projector.ts';
import { projectors } from './projectors.ts';
import { build } from './rebuild.ts';

let server: Awaited<ReturnType<typeof startRig>>;
let rig: Rig;
let operator: EventStoreDBClient;
let projected: Projected;

beforeEach(async () => {
  server = await startRig();
  operator = EventStoreDBClient.connectionString(server.double.url);
  rig = await openRig({ url: server.double.url });
  projected = await rig.project();
});
afterEach(async () => {
  await rig.close();
  await operator.dispose();
  await server.end();
});

const events = (...types: string[]): NewEvent[] => types.map(newEvent);

async function happened(category: string, ...types: string[]): Promise<string> {
  const stream = `${category}-${randomUUID()}`;
  await rig.store.append(stream, NO_STREAM, events(...types));
  return stream;
}

const TASK = ['TaskCreated', 'TaskCommented', 'TaskStatusChanged'];
const USER = ['UserCreated', 'UserConfirmed'];

/** The documents of the streams in all read models, by stream: the names of the models that have one. */
async function modelsWith(streams: readonly string[]): Promise<string[][]> {
  const found = await Promise.all(projectors.map(async ({ model }) => [model.name, await idsIn(projected, model)] as const));
  return streams.map((stream) => found.filter(([, ids]) => ids.includes(idOf(stream))).map(([name]) => name));
}

async function idsIn({ readModels }: Projected, model: AnyProjector['model']): Promise<string[]> {
  const state = await readModels.state(model);
  const stored = await readModels.find(model, state?.generation ?? 0, { where: [], sort: [], limit: 100 });
  return stored.map(({ id }) => id);
}

const OF_TASKS = ['task_list', 'task_detail', 'timers'].sort();

async function caughtUp(): Promise<void> {
  // A deletion moves the head as any other event.
  await projected.caughtUp();
}

async function rebuildAll(): Promise<void> {
  for (const { model } of projectors) await projected.rebuild(model.name);
}

describe('a deleted stream', () => {
  for (const [how, remove] of [
    ['softly', (stream: string) => operator.deleteStream(stream)],
    ['for good', (stream: string) => operator.tombstoneStream(stream)],
  ] as const) {
    it(`${how} is dropped by every read model as it happens, and again when they are made anew`, async () => {
      const [gone, user, order, stays] = [
        await happened('task', ...TASK),
        await happened('user', ...USER),
        await happened('order', 'OrderPlaced'),
        await happened('task', ...TASK),
      ];
      await caughtUp();
      const before = await modelsWith([gone, user, order, stays]);
      expect(before.map((names) => names.length > 0)).toEqual([true, true, true, true]);
      expect(before[0]?.sort()).toEqual(OF_TASKS);
      for (const stream of [gone, user, order]) await remove(stream);
      await caughtUp();
      await vi.waitFor(async () => expect(await modelsWith([gone, user, order])).toEqual([[], [], []]), { timeout: 20_000 });
      const asItCame = await Promise.all(projectors.map((projector) => projected.documents(projector)));
      await rebuildAll();
      expect((await modelsWith([gone, user, order, stays])).map((names) => names.length)).toEqual([0, 0, 0, OF_TASKS.length]);
      expect(await Promise.all(projectors.map((projector) => projected.documents(projector)))).toEqual(asItCame);
      expect(projected.parked()).toEqual([]);
    });
  }

  it('that is begun again is a new document', async () => {
    const stream = await happened('task', ...TASK);
    await caughtUp();
    await operator.deleteStream(stream);
    await rig.store.append(stream, NO_STREAM, events(...TASK));
    await caughtUp();
    await vi.waitFor(async () => expect((await modelsWith([stream]))[0]?.sort()).toEqual(OF_TASKS), { timeout: 20_000 });
    const asItCame = await Promise.all(projectors.map((projector) => projected.documents(projector)));
    await rebuildAll();
    expect(await Promise.all(projectors.map((projector) => projected.documents(projector)))).toEqual(asItCame);
    expect(projected.parked()).toEqual([]);
  });

  it('waits for no operator any more', async () => {
    const stream = await happened('task', 'TaskCreated', 'TaskCreated');
    await caughtUp();
    expect(projected.parked().map((one) => one.stream)).toContain(stream);
    await operator.deleteStream(stream);
    await caughtUp();
    await vi.waitFor(() => expect(projected.parked()).toEqual([]), { timeout: 20_000 });
  });
});

describe('a truncated stream', () => {
  it('stays in the read models, and its later events are folded', async () => {
    const stream = await happened('task', ...TASK);
    await caughtUp();
    await operator.setStreamMetadata(stream, { truncateBefore: 2 });
    await rig.store.append(stream, 2, events('TaskCommented'));
    await caughtUp();
    expect((await modelsWith([stream]))[0]?.sort()).toEqual(OF_TASKS);
    await rebuildAll();
    expect((await modelsWith([stream]))[0]?.sort()).toEqual(OF_TASKS);
    expect(projected.parked()).toEqual([]);
  });

  it('whose beginning a scavenge removed is passed by a read model that is made anew, however many there are', async () => {
    const streams: string[] = [];
    for (let n = 0; n < 5; n++) streams.push(await happened('task', ...TASK));
    const stays = await happened('task', ...TASK);
    for (const stream of streams) await operator.setStreamMetadata(stream, { truncateBefore: 1 });
    const scavenged = withoutEvents(rig.store, ({ stream, revision }) => streams.includes(stream) && revision < 1);
    for (const projector of projectors) {
      const readModels = await rig.readModels();
      const building = await build(projector, { store: scavenged, readModels, mostPoison: 2, page: 3 });
      await building.readOn();
      expect(building.poison()).toEqual([]);
      const ids = (await readModels.get(projector.model, building.generation, [...streams, stays].map(idOf))).map(({ id }) => id);
      expect(ids).toEqual(OF_TASKS.includes(projector.model.name) ? [idOf(stays)] : []);
    }
  });
});

describe('a stream that begins with an event which this release does not know', () => {
  it('is passed as a whole, and parks nothing, as it comes and made anew', async () => {
    const stream = `task-${randomUUID()}`;
    const first = newEvent('TaskCreated');
    await rig.store.append(stream, NO_STREAM, [{ ...first, metadata: { ...first.metadata, schema: 99 } }, ...events('TaskCommented')]);
    await rig.store.append(stream, 1, events('TaskStatusChanged'));
    await caughtUp();
    expect(projected.parked()).toEqual([]);
    await rebuildAll();
    expect(projected.parked()).toEqual([]);
    expect(await modelsWith([stream])).toEqual([[]]);
  });
});

/** A store whose log lacks some events, as after a scavenge. */
function withoutEvents(store: EventStore, isGone: (event: RecordedEvent) => boolean): EventStore {
  return {
    ...store,
    readAll: async function* (options) {
      for await (const page of store.readAll(options)) yield page.filter((event) => !isGone(event));
    },
  };
}
