import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Reason } from '../../contracts/order.ts';
import type { EventBus } from '../../platform/event-bus/event-bus.ts';
import { openMemoryBus } from '../../platform/event-bus/memory/memory.ts';
import { chanceOf, unreliableBus } from '../../platform/event-bus/unreliable.fixture.ts';
import { AppendUnknown, type EventStore, StoreUnavailable } from '../../platform/event-store/event-store.ts';
import { stableId } from '../../platform/stable-id.ts';
import { type OrderRig, openOrderRig, RIG_QUEUES } from '../../system/order-rig.fixture.ts';
import { ORDERS } from './order-rows.ts';

const log = { warn: () => {} };
const CONFIRMED = ['OrderPlaced', 'OrderProcessing', 'OrderValidated', 'OrderConfirmed'];
const BROKEN: Reason = { rule: 'quantity', pointer: '/items/0/quantity', detail: 'too many' };
const patience = { timeout: 10_000, interval: 10 };

let rig: OrderRig | undefined;
let bus: EventBus;
afterEach(async () => {
  await rig?.close();
  rig = undefined;
});

async function open(distort?: (store: EventStore) => EventStore): Promise<OrderRig> {
  bus = openMemoryBus({ queues: RIG_QUEUES, log });
  rig = await openOrderRig(bus, distort);
  return rig;
}

const never = () => new Promise<Reason[]>(() => {});
const quantityOf = (order: { items: readonly { quantity: number }[] }) => order.items[0]?.quantity ?? 0;
const depth = async (name: string) => (await bus.queues()).find((one) => one.name === name)?.depth ?? 0;

describe('an order that is placed', () => {
  it('is confirmed where it breaks no rule, under the same correlation as its placing', async () => {
    const it = await open();
    it.start();
    const stream = await it.place(1);
    expect(await it.becomes(stream, 'OrderConfirmed')).toEqual(CONFIRMED);
    const events = await it.events(stream);
    expect(new Set(events.map(({ metadata }) => metadata.$correlationId)).size).toBe(1);
    expect(events.at(-1)?.metadata.actor).toMatch(/^worker:/);
  });

  it('is rejected with the reasons', async () => {
    const it = await open();
    it.start({ judge: () => [BROKEN] });
    const stream = await it.place(1);
    expect(await it.becomes(stream, 'OrderRejected')).toEqual(['OrderPlaced', 'OrderProcessing', 'OrderRejected']);
    expect((await it.events(stream)).at(-1)?.data).toMatchObject({ reasons: [BROKEN], email: 'alice@example.org' });
  });

  it('before there were any workers is worked when they come', async () => {
    const it = await open();
    const streams = await Promise.all([1, 2, 3].map(it.place));
    it.start();
    for (const stream of streams) expect(await it.becomes(stream, 'OrderConfirmed')).toEqual(CONFIRMED);
  });

  it('and cancelled while it is worked on stays cancelled', async () => {
    const it = await open();
    let decide = (_: Reason[]) => {};
    it.start({ judge: () => new Promise((resolve) => (decide = resolve)), lease: 60_000 });
    const stream = await it.place(1);
    await it.becomes(stream, 'OrderProcessing');
    await it.ask('CancelOrder', stream);
    decide([]);
    const other = await it.place(2);
    await it.becomes(other, 'OrderProcessing');
    decide([]);
    await it.becomes(other, 'OrderConfirmed');
    expect(await it.becomes(stream, 'OrderCancelled')).toEqual(['OrderPlaced', 'OrderProcessing', 'OrderCancelled']);
  });
});

it('with offers lost, repeated and late, and several dispatchers and workers, each is decided once', async () => {
  const it = await open();
  const chance = chanceOf(7);
  const doubled: EventBus = {
    ...unreliableBus(bus, chance),
    offer: async (queue, offer) => {
      const times = Math.floor(chance() * 3);
      for (let n = 0; n < times; n++) await bus.offer(queue, offer);
    },
  };
  for (let n = 0; n < 3; n++) it.start({ bus: doubled, workers: 2, again: 100, judge: (order) => (quantityOf(order) % 3 === 0 ? [BROKEN] : []) });
  const streams = await Promise.all(Array.from({ length: 100 }, (_, n) => it.place(n + 1)));
  for (const [index, stream] of streams.entries()) {
    const types = await it.becomes(stream, (index + 1) % 3 === 0 ? 'OrderRejected' : 'OrderConfirmed');
    expect(types.filter((type) => ['OrderConfirmed', 'OrderRejected'].includes(type))).toHaveLength(1);
  }
});

describe('a slow order', () => {
  it('holds up only itself, and is tried again', async () => {
    const it = await open();
    let slow = true;
    it.start({ workers: 2, lease: 2_000, judge: (order) => (slow && quantityOf(order) === 1 ? never() : []) });
    const first = await it.place(1);
    await it.becomes(first, 'OrderProcessing');
    for (let n = 2; n <= 10; n++) expect(await it.becomes(await it.place(n), 'OrderConfirmed')).toEqual(CONFIRMED);
    slow = false;
    await it.becomes(first, 'OrderConfirmed');
    const [deferred] = (await it.events(first)).filter(({ type }) => type === 'OrderDeferred');
    expect(deferred?.data).toMatchObject({ attempt: 1, error: 'it took longer than 1000 ms' });
  });

  it('is given up when its process has to end, and left to the next one', async () => {
    const it = await open();
    const hanging = it.start({ judge: never, lease: 60_000, grace: 20 });
    const stream = await it.place(1);
    await it.becomes(stream, 'OrderProcessing');
    await hanging.stop();
    expect((await it.events(stream)).at(-1)).toMatchObject({ type: 'OrderDeferred', data: { error: 'its worker had to end' } });
    it.start();
    await it.becomes(stream, 'OrderConfirmed');
  });
});

describe('a poison order', () => {
  it('fails after its attempts, lies in orders.dead with its reason, holds up nobody, and can be tried again', async () => {
    const it = await open();
    let poison = true;
    const judge = (order: { items: readonly { quantity: number }[] }): Reason[] => {
      if (poison && quantityOf(order) === 13) throw new Error('cannot count to thirteen');
      return [];
    };
    it.start({ attempts: 2, judge });
    const stream = await it.place(13);
    await it.becomes(stream, 'OrderDeferred');
    await it.becomes(await it.place(1), 'OrderConfirmed');
    expect(await it.becomes(stream, 'OrderFailed')).toEqual(['OrderPlaced', 'OrderProcessing', 'OrderDeferred', 'OrderProcessing', 'OrderFailed']);
    expect((await it.events(stream)).at(-1)?.data).toEqual({ attempt: 2, reason: 'cannot count to thirteen' });
    await vi.waitFor(async () => expect(await depth(`${ORDERS.name}.dead`)).toBe(1), patience);
    poison = false;
    await it.ask('RetryOrder', stream);
    expect((await it.becomes(stream, 'OrderConfirmed')).slice(5)).toEqual(['OrderRetried', ...CONFIRMED.slice(1)]);
    expect(await depth(`${ORDERS.name}.dead`)).toBe(1);
  });

  it('that ends every worker fails, too, and the one who finds that out buries it', async () => {
    const it = await open();
    const stream = await it.place(1);
    const now = new Date().toISOString();
    for (const attempt of [1, 2]) {
      const data = { worker: 'dead', until: now, attempts: 5 };
      const actor = { id: 'worker:dead', role: 'system', seesAll: true } as const;
      const command = { type: 'LeaseOrder', stream, id: stream.slice(6), data, commandId: stableId(String(attempt)), actor, now };
      await it.commands.handle(command, { correlationId: stableId('dead') });
    }
    it.start({ attempts: 2 });
    expect(await it.becomes(stream, 'OrderFailed')).toEqual(['OrderPlaced', 'OrderProcessing', 'OrderProcessing', 'OrderFailed']);
    await vi.waitFor(async () => expect(await depth(`${ORDERS.name}.dead`)).toBe(1), patience);
  });
});

describe('a worker', () => {
  it('that died after its lease leaves the order to the next one when that is over', async () => {
    const it = await open();
    const stream = await it.place(1);
    const until = new Date(Date.now() + 500).toISOString();
    const actor = { id: 'worker:dead', role: 'system', seesAll: true } as const;
    const data = { worker: 'dead', until, attempts: 5 };
    const command = { type: 'LeaseOrder', stream, id: stream.slice(6), data, commandId: stableId('dead'), actor, now: new Date().toISOString() };
    await it.commands.handle(command, { correlationId: stableId('dead') });
    it.start();
    expect(await it.becomes(stream, 'OrderConfirmed')).toEqual(['OrderPlaced', 'OrderProcessing', ...CONFIRMED.slice(1)]);
    const [, , next] = await it.events(stream);
    expect((next?.time ?? '') >= until).toBe(true);
  });

  it('records what came of an order also where the event store is away for a while, or its answers are lost', async () => {
    let troubles = 3;
    const it = await open((store) => ({
      ...store,
      append: async (stream, revision, events) => {
        const isOutcome = events.some(({ type }) => type === 'OrderConfirmed');
        if (isOutcome && troubles-- === 3) throw new StoreUnavailable('away');
        const appended = await store.append(stream, revision, events);
        if (isOutcome && troubles > 0) throw new AppendUnknown('its answer was lost');
        return appended;
      },
    }));
    it.start();
    const stream = await it.place(1);
    expect(await it.becomes(stream, 'OrderConfirmed')).toEqual(CONFIRMED);
    await vi.waitFor(() => expect(troubles).toBeLessThanOrEqual(0), patience);
    expect(await it.becomes(await it.place(2), 'OrderConfirmed')).toEqual(CONFIRMED);
  });

  it('leaves alone what another one has leased', async () => {
    const it = await open();
    const stream = await it.place(1);
    const until = new Date(Date.now() + 60_000).toISOString();
    const actor = { id: 'worker:other', role: 'system', seesAll: true } as const;
    const data = { worker: 'other', until, attempts: 5 };
    const command = { type: 'LeaseOrder', stream, id: stream.slice(6), data, commandId: stableId('other'), actor, now: new Date().toISOString() };
    await it.commands.handle(command, { correlationId: stableId('other') });
    const judged: number[] = [];
    const judge = (order: { items: readonly { quantity: number }[] }): Reason[] => {
      judged.push(quantityOf(order));
      return [];
    };
    it.start({ workers: 1, judge });
    await bus.offer(ORDERS, { stream });
    await it.becomes(await it.place(2), 'OrderConfirmed');
    expect(judged).toEqual([2]);
    expect(await it.becomes(stream, 'OrderProcessing')).toEqual(['OrderPlaced', 'OrderProcessing']);
  });

  it('acknowledges an offer of an order that is decided already, and buries one of no order', async () => {
    const it = await open();
    it.start();
    const stream = await it.place(1);
    await it.becomes(stream, 'OrderConfirmed');
    await bus.offer(ORDERS, { stream });
    await bus.offer(ORDERS, { stream: `order-${stableId('nowhere')}` });
    await vi.waitFor(async () => expect(await depth(`${ORDERS.name}.dead`)).toBe(1), patience);
    expect((await it.events(stream)).map(({ type }) => type)).toEqual(CONFIRMED);
  });
});
