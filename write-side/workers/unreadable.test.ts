import { beforeEach, expect, it } from 'vitest';
import { NO_STREAM } from '../../contracts/message.ts';
import type { EventStore } from '../../platform/event-store/event-store.ts';
import { inMemoryStore, newEvent } from '../../platform/event-store/in-memory.fixture.ts';
import { commandsOn } from '../../system/commands.fixture.ts';
import { orderWorker } from './orders-work.ts';

const STREAM = 'order-7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07';
let store: EventStore;
beforeEach(() => {
  store = inMemoryStore();
});

/** Hands an offer of the order to a worker; answers what became of it, and whether it was judged. */
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
  return { outcome, judged };
}

it('an order with an event that this release does not know is not worked, and leaves no note of a dead letter', async () => {
  await store.append(STREAM, NO_STREAM, [newEvent('OrderPlaced'), { ...newEvent('OrderPlaced'), type: 'OrderGiftWrapped' }]);
  expect(await offered()).toEqual({ outcome: 'taken', judged: false });
  expect(await offered()).toEqual({ outcome: 'taken', judged: false });
});

it('an order whose beginning was truncated leaves none either', async () => {
  await store.append(STREAM, NO_STREAM, [newEvent('OrderPlaced'), newEvent('OrderProcessing')]);
  const cut: EventStore = {
    ...store,
    readStream: (name, options = {}) =>
      store.readStream(name, options.direction === 'backwards' ? options : { ...options, from: Math.max(options.from ?? 1, 1) }),
  };
  expect(await offered(cut)).toEqual({ outcome: 'taken', judged: false });
});

it('an offer of nothing still does', async () => {
  expect((await offered()).outcome).toBe('DeadLetter');
});
