import { beforeEach, expect, it } from 'vitest';
import { NO_STREAM } from '../../contracts/message.ts';
import { openEventBus } from '../../platform/event-bus/open.ts';
import { type EventStore, StoreUnavailable } from '../../platform/event-store/event-store.ts';
import { inMemoryStore, newEvent } from '../../platform/event-store/in-memory.fixture.ts';
import { openParking } from '../../platform/followers/parking.ts';
import { commandsOn } from '../../system/commands.fixture.ts';
import { SILENT } from '../../system/open-log.fixture.ts';
import { RIG_QUEUES } from '../../system/order-rig.fixture.ts';
import { ORDER_DISPATCHER } from './order-rows.ts';
import { orderWorker } from './orders-work.ts';
import { describeUnreadable } from './unreadable.suite.ts';

describeUnreadable('the memory bus', () => openEventBus('memory:', { queues: RIG_QUEUES, log: SILENT }));

const STREAM = 'order-7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07';
let store: EventStore;
beforeEach(() => {
  store = inMemoryStore();
});

/** Hands an offer of the order to a worker; answers what became of it, whether it was judged, and what is listed. */
async function offered(shown: EventStore = store) {
  let judged = false;
  const judge = () => {
    judged = true;
    return [];
  };
  const context = { store: shown, commands: commandsOn(shown), worker: 'w', log: { warn: () => {} }, judge };
  const outcome = await orderWorker(context)({ stream: STREAM }).then(
    () => 'taken',
    (error: Error) => error.name,
  );
  const listed = (await openParking(store, ORDER_DISPATCHER.name)).list().map(({ stream }) => stream);
  return { outcome, judged, listed };
}

it('an order with an event that this release does not know is not worked, and leaves no note of a dead letter', async () => {
  await store.append(STREAM, NO_STREAM, [newEvent('OrderPlaced'), { ...newEvent('OrderPlaced'), type: 'OrderGiftWrapped' }]);
  expect(await offered()).toEqual({ outcome: 'taken', judged: false, listed: [STREAM] });
  expect(await offered()).toEqual({ outcome: 'taken', judged: false, listed: [STREAM] });
});

it('an order whose beginning was truncated leaves none either', async () => {
  await store.append(STREAM, NO_STREAM, [newEvent('OrderPlaced'), newEvent('OrderProcessing')]);
  const cut: EventStore = {
    ...store,
    readStream: (name, options = {}) =>
      name !== STREAM || options.direction === 'backwards'
        ? store.readStream(name, options)
        : store.readStream(name, { ...options, from: Math.max(options.from ?? 1, 1) }),
  };
  expect(await offered(cut)).toEqual({ outcome: 'taken', judged: false, listed: [STREAM] });
});

it('an offer of nothing leaves one note, however often it is offered', async () => {
  expect(await offered()).toMatchObject({ outcome: 'DeadLetter', listed: [STREAM] });
  expect(await offered()).toMatchObject({ outcome: 'taken', listed: [STREAM] });
});

it('while the event store is away nothing is listed: the offer comes again', async () => {
  await store.append(STREAM, NO_STREAM, [newEvent('OrderPlaced')]);
  const away: EventStore = {
    ...store,
    readStream: () => {
      throw new StoreUnavailable('no connection');
    },
  };
  expect(await offered(away)).toEqual({ outcome: 'StoreUnavailable', judged: false, listed: [] });
});
