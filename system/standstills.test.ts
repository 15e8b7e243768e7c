/** Whatever works off a backlog and does not get on says so: read models, the forwarder, dispatchers, the scheduler. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { NO_STREAM } from '../contracts/message.ts';
import { BusUnavailable, type EventBus, QueueFull } from '../platform/event-bus/event-bus.ts';
import { newEvent } from '../platform/event-store/in-memory.fixture.ts';
import type { Pace } from '../platform/followers/pace.ts';
import { watchStandstills } from '../platform/followers/standstills.ts';
import type { ReadModels } from '../platform/read-models/read-models.ts';
import { taskList } from '../projections/projectors/task-list.ts';
import { userDirectory } from '../projections/projectors/user-directory.ts';
import { startForwarder } from '../write-side/forwarder/forward.ts';
import { startOrders } from '../write-side/workers/orders.ts';
import { startScheduler } from '../write-side/workers/scheduler.ts';
import { log, openRig, type Rig } from './projections.fixture.ts';

const PATIENCE = { timeout: 20_000, interval: 20 };
const stops: (() => unknown)[] = [];
let rig: Rig;
beforeEach(async () => {
  rig = await openRig();
});
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
  await rig.close();
});

/** The names of what stands still, with reasons, as /readyz has them. */
function watching(paces: readonly Pace[]): () => string[] {
  const watch = watchStandstills({ paces: () => paces, head: rig.store.head, lost: () => [], log, bound: 100, every: 5 });
  stops.push(watch.stop);
  return () => watch.waits().map((one) => one.replace(/, which stands still since \S+Z/, ''));
}

const append = (stream: string, type: string) => rig.store.append(`${stream}-${crypto.randomUUID()}`, NO_STREAM, [newEvent(type)]);
const told = (waits: () => string[], expected: unknown) => vi.waitFor(() => expect(waits()).toEqual(expected), PATIENCE);

describe('read models', () => {
  it('stand still while their documents cannot be written, each named with the reason, and go on by themselves', async () => {
    const readModels = await rig.readModels();
    let isAway = false;
    const failing: ReadModels = {
      ...readModels,
      write: async (...what) => {
        if (isAway) throw new Error('no documents today');
        return readModels.write(...what);
      },
    };
    const projected = await rig.project({ readModels: failing, projectors: [taskList, userDirectory] });
    const waits = watching(projected.paces);
    await append('task', 'TaskCreated');
    await projected.caughtUp();
    isAway = true;
    await append('task', 'TaskCreated');
    const all = ['task_list', 'user_directory'].map((name) => `${name} (no documents today)`);
    await told(waits, expect.arrayContaining(all));
    isAway = false;
    await told(waits, []);
  });

  it('stand still while a rebuild of theirs fails again and again, though all others go on', async () => {
    await append('task', 'TaskCreated');
    const readModels = await rig.readModels();
    const first = await rig.project({ readModels, projectors: [taskList, userDirectory] });
    await first.caughtUp();
    await first.stop();
    const newer = { ...taskList, model: { ...taskList.model, version: taskList.model.version + 1 } };
    const failing: ReadModels = {
      ...readModels,
      begin: async (model, ...rest) => {
        if (model.name === 'task_list') throw new Error('no room for another generation');
        return readModels.begin(model, ...rest);
      },
    };
    const projected = await rig.project({ readModels: failing, projectors: [newer, userDirectory] });
    await told(watching(projected.paces), ['task_list (no room for another generation)']);
  });
});

describe('the forwarder', () => {
  it('stands still while nothing is confirmed', async () => {
    const bus: EventBus = {
      ...rig.bus,
      publisher: async () => ({
        lost: new AbortController().signal,
        publish: async () => {
          throw new BusUnavailable('nothing is confirmed');
        },
        release: async () => {},
      }),
    };
    await append('task', 'TaskCreated');
    const forwarder = startForwarder({ store: rig.store, bus, log, backoff: 1 });
    stops.push(forwarder.stop);
    await told(watching(forwarder.paces), ['forwarder (nothing is confirmed)']);
  });

  it('stands by without a word while another one forwards', async () => {
    const waits = watching([1, 2].flatMap(() => startForwarderHere().paces));
    await append('task', 'TaskCreated');
    await vi.waitFor(async () => expect(await rig.store.head()).not.toBe(''), PATIENCE);
    expect(waits()).toEqual([]);
  });

  function startForwarderHere() {
    const forwarder = startForwarder({ store: rig.store, bus: rig.bus, log });
    stops.push(forwarder.stop);
    return forwarder;
  }
});

describe('a dispatcher', () => {
  const dispatching = (offer: EventBus['offer']) => {
    const commands = { handle: async () => expect.fail('nobody works'), load: async () => expect.fail('nobody works') };
    const work = { commands, judge: () => expect.fail('nobody works') } as never as Parameters<typeof startOrders>[0];
    const orders = startOrders({ ...work, store: rig.store, bus: { ...rig.bus, offer }, log, workers: 0, undecided: async () => null });
    stops.push(orders.stop);
    return orders.dispatcher;
  };

  it('stands still while its offers are not taken, and not where its queue is full', async () => {
    let error: Error = new BusUnavailable('no offers today');
    const dispatcher = dispatching(async () => {
      throw error;
    });
    const waits = watching(dispatcher.paces);
    await append('order', 'OrderPlaced');
    await told(waits, ['order_dispatcher offers (no offers today)']);
    error = new QueueFull('it is full');
    await told(waits, []);
  });
});

describe('the scheduler', () => {
  it('stands still while its timers cannot be read, though no event comes', async () => {
    const none = async () => {
      throw new Error('no timers today');
    };
    const pending = { due_soon: none, overdue: none };
    const commands = { load: async () => expect.fail('nothing is due') };
    const scheduler = startScheduler({ store: rig.store, bus: rig.bus, log, commands, pending, dueSoon: 0 });
    stops.push(scheduler.stop);
    await told(watching(scheduler.paces), ['scheduler timers (no timers today)']);
  });
});
