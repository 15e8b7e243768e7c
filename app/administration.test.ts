import { expect, it } from 'vitest';
import { exampleEvent } from '../contracts/catalog.ts';
import { adminRoutes } from '../gateway/admin-routes.ts';
import { MEDIA_DISPATCHER } from '../media/work/work-rows.ts';
import { DISPATCHERS } from '../notifier/dispatching.ts';
import type { EventBus } from '../platform/event-bus/event-bus.ts';
import { inMemoryStore } from '../platform/event-store/in-memory.fixture.ts';
import { openParking } from '../platform/followers/parking.ts';
import { openRequests, type Serving } from '../platform/followers/requests.ts';
import type { RouteRequest } from '../platform/http/route.ts';
import type { ReadModels } from '../platform/read-models/read-models.ts';
import { PROJECTIONS } from '../projections/project.ts';
import { REALTIME } from '../realtime/push.ts';
import { CLOSING_REPAIRS } from '../write-side/workers/close-repairs.ts';
import { ORDER_DISPATCHER } from '../write-side/workers/order-rows.ts';
import { SCHEDULER } from '../write-side/workers/scheduler.ts';
import { administration } from './administration.ts';
import { CONSUMED } from './queues.ts';

const STREAM = exampleEvent('TaskAssigned').stream;
const log = { warn: () => {} };
const never = () => new Promise<never>(() => {});

/** The answer to a release of a stream that task_mail has parked, where these processes run that policy. */
async function released(...processes: (Partial<Serving> | ((parking: { release(): Promise<boolean> }) => Partial<Serving>))[]) {
  const store = inMemoryStore();
  await (await openParking(store, 'task_mail')).park(exampleEvent('TaskAssigned'), new Error('no such shape'));
  const open = () => openRequests({ store, log, every: 5, beat: 20 });
  const release = async () => (await openParking(store, 'task_mail')).release(STREAM, async () => {});
  for (const process of processes) {
    const serving = typeof process === 'function' ? process({ release }) : process;
    void open().serve('task_mail', { active: () => true, carryOut: never, ...serving });
  }
  const parts = administration({ store, readModels: {} as ReadModels, bus: {} as EventBus, requests: open(), patience: { taken: 300, done: 300 } });
  const route = adminRoutes.find(({ row }) => row.path.endsWith('/release'));
  const ask = async () => {
    try {
      return await route?.answer(parts, { params: { follower: 'task_mail', stream: STREAM } } as unknown as RouteRequest);
    } catch (error) {
      const { status, message } = error as { status?: number; message: string };
      return { status, message };
    }
  };
  return { ask };
}

it('what any follower of effects has parked is listed', async () => {
  const store = inMemoryStore();
  const others: string[] = [PROJECTIONS.name, REALTIME.name, SCHEDULER.name, CLOSING_REPAIRS.name];
  const names = [...new Set(Object.values(CONSUMED).flatMap(({ followers }) => followers.map(({ name }) => name)))].filter(
    (name) => !others.includes(name),
  );
  for (const name of names) await (await openParking(store, name)).park(exampleEvent('TaskAssigned'), new Error('no such shape'));
  const parts = administration({ store, readModels: {} as ReadModels, bus: {} as EventBus, requests: openRequests({ store, log }) });
  expect((await parts.parked()).map(({ follower }) => follower).toSorted()).toEqual(names.toSorted());
});

it('a release that nobody carries out was not tried, and is said so: nobody runs the policy, or stands by', async () => {
  for (const processes of [[], [{ active: () => false }]]) {
    const { ask } = await released(...processes);
    for (let times = 0; times < 2; times++) expect(await ask()).toMatchObject({ status: 503, message: expect.stringContaining('not tried') });
  }
});

it('a release that takes long goes on, however often it is asked for, and is said where to look', async () => {
  const { ask } = await released({});
  for (let times = 0; times < 2; times++)
    expect(await ask()).toMatchObject({ status: 202, body: { released: false }, headers: { Location: '/api/admin/parked' } });
});

it('a release whose process died is carried out by nobody', async () => {
  let alive = true;
  const { ask } = await released({
    active: () => alive,
    carryOut: () => (alive ? Promise.reject(new Error('it ended')) : never()).finally(() => {}),
  });
  alive = false;
  expect(await ask()).toMatchObject({ status: 503 });
});

it('a release that was tried is answered with what came of it', async () => {
  const { ask } = await released(({ release }) => ({ carryOut: async () => ({ released: await release() }) }));
  expect(await ask()).toMatchObject({ body: { released: true } });
  expect(await ask()).toMatchObject({ status: 404 });
  const failing = await released({ carryOut: () => Promise.reject(new Error('still no such shape')) });
  expect(await failing.ask()).toMatchObject({ status: 409, message: expect.stringContaining('waits again') });
});

it.each([ORDER_DISPATCHER.name, MEDIA_DISPATCHER.name, ...Object.values(DISPATCHERS).map(({ name }) => name)])(
  'what %s has set aside is listed, and is released by who dispatches',
  async (name) => {
    const store = inMemoryStore();
    await (await openParking(store, name)).parkUnread('thing-1', new Error('cannot be read'));
    const requests = openRequests({ store, log, every: 5, beat: 20 });
    const stop = requests.serve(name, {
      active: () => true,
      carryOut: async () => ({ released: await (await openParking(store, name)).release('thing-1', never) }),
    });
    const parts = administration({ store, readModels: {} as ReadModels, bus: {} as EventBus, requests });
    expect(await parts.parked()).toMatchObject([{ follower: name, stream: 'thing-1' }]);
    expect(await parts.release(name, 'thing-1', false)).toBe('done');
    expect(await parts.parked()).toEqual([]);
    await stop();
  },
);
