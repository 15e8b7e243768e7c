import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { openEventBus } from '../../platform/event-bus/open.ts';
import { EVERYTHING, EXAMPLE_QUEUES, TASK_EVENTS } from '../../platform/event-bus/queues.fixture.ts';
import { fill, logOf } from '../../platform/event-store/in-memory.fixture.ts';
import { openEventStore } from '../../platform/event-store/open.ts';
import { BEGINNING, type Checkpoint } from '../../platform/followers/checkpoint-type.ts';
import { follow } from '../../platform/followers/follow.ts';
import { followWithEffects } from '../../platform/followers/follow-with-effects.ts';
import { openParking } from '../../platform/followers/parking.ts';
import { stableId } from '../../platform/stable-id.ts';
import { startForwarder } from './forward.ts';

const log = { info: () => {}, warn: () => {}, error: () => {} };

it('the embedded store, forwarder, bus and followers bring every event to a model and a policy, over restarts', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'path-'));
  const model: string[] = [];
  const effects: string[] = [];
  let at: Checkpoint = BEGINNING;
  for (const round of [1, 2]) {
    const store = await openEventStore('sqlite:', { dataDir, log });
    const bus = await openEventBus('memory:', { queues: EXAMPLE_QUEUES, log });
    const forwarder = startForwarder({ store, bus, log });
    const projections = follow(
      {
        name: 'model',
        queue: EVERYTHING,
        batch: 50,
        wants: () => true,
        load: async () => at,
        foreignLog: async () => {},
        apply: async (events, to) => {
          model.push(...events.map(({ id }) => id));
          at = to;
        },
      },
      { store, bus, log },
    );
    const parking = await openParking(store, 'policy');
    const policy = await followWithEffects(
      {
        name: 'policy',
        queue: TASK_EVENTS,
        batch: 1,
        wants: (event) => event.stream.startsWith('task-'),
        apply: async (events) => {
          for (const { result } of await parking.applyOrPark(events, ({ id }) => id)) effects.push(result);
        },
      },
      { store, bus, log },
    );
    const all = await fill(
      store,
      Array.from({ length: 60 }, (_, n) => (n % 3 ? `task-${stableId(String(n % 7))}` : `user-${stableId(String(round))}`)),
    );
    await vi.waitFor(() => expect(model).toEqual(all.map(({ id }) => id)));
    await vi.waitFor(() => expect(effects).toHaveLength(40 * round));
    expect(forwarder.position()).toBe(await store.head());
    await Promise.all([projections.stop(), policy.stop()]);
    await forwarder.stop();
    await bus.close();
    expect(effects).toEqual((await logOf(store)).filter(({ stream }) => stream.startsWith('task-')).map(({ id }) => id));
    await store.close();
  }
  await rm(dataDir, { recursive: true });
});
