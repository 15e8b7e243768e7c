/** Everything between a command and the outcome of an order, on a bus of the test. */
import { expect, vi } from 'vitest';
import type { RecordedEvent } from '../contracts/message.ts';
import { type OrderEvent, orderContract } from '../contracts/order.ts';
import { memoryCache } from '../platform/cache/memory/memory.ts';
import type { CommandHandler } from '../platform/command-handler.ts';
import type { EventBus } from '../platform/event-bus/event-bus.ts';
import type { QueueTable } from '../platform/event-bus/queues.ts';
import type { EventStore } from '../platform/event-store/event-store.ts';
import { stableId } from '../platform/stable-id.ts';
import { PROJECTIONS, startProjections } from '../projections/project.ts';
import { orders } from '../projections/projectors/orders.ts';
import { undecidedIn } from '../projections/undecided.ts';
import { commandHandler } from '../write-side/handle-command.ts';
import { ORDER_DISPATCHER, ORDERS } from '../write-side/workers/order-rows.ts';
import { type Orders, type OrdersContext, startOrders } from '../write-side/workers/orders.ts';
import { openLog, SILENT } from './open-log.fixture.ts';

export const MAKER = '0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e01';

/** The queues that the rig's bus must be opened with. */
export const RIG_QUEUES: QueueTable = [PROJECTIONS.queue, ORDER_DISPATCHER.queue, ORDERS];

export interface OrderRig {
  store: EventStore;
  commands: CommandHandler;
  /** Places the n-th order, of n pieces; resolves to its stream. */
  place(n: number): Promise<string>;
  /** Sends a command of the order's maker, or of an admin. */
  ask(type: 'CancelOrder' | 'RetryOrder', stream: string): Promise<void>;
  /** Starts the dispatcher and workers. Without a judge every order is confirmed. */
  start(more?: Partial<OrdersContext>): Orders;
  /** Resolves to the events of an order. */
  events(stream: string): Promise<(RecordedEvent & OrderEvent)[]>;
  /** Waits until an order's last event is of this type; resolves to the types of all its events. */
  becomes(stream: string, type: OrderEvent['type']): Promise<OrderEvent['type'][]>;
  close(): Promise<void>;
}

/** Opens everything but dispatcher and workers. Its `close` closes the bus, too. */
export async function openOrderRig(bus: EventBus, distort: (store: EventStore) => EventStore = (store) => store): Promise<OrderRig> {
  const log = SILENT;
  const opened = await openLog({ bus });
  const { store } = opened;
  const readModels = await opened.readModels();
  const projections = await startProjections({ store, bus, log, readModels, cache: memoryCache(), silence: 50 });
  const commands = commandHandler({ store: distort(store), hmac: (text) => stableId(text), log });
  const started: Orders[] = [];

  async function handle(type: string, stream: string, data: unknown): Promise<void> {
    const id = stream.slice(stream.indexOf('-') + 1);
    const commandId = stableId(type, stream, String(Math.random()));
    const actor = { id: MAKER, role: type === 'RetryOrder' ? 'admin' : 'member', seesAll: true } as const;
    await commands.handle({ type, stream, id, data, commandId, actor, now: new Date().toISOString() }, { correlationId: commandId });
  }

  async function events(stream: string): Promise<(RecordedEvent & OrderEvent)[]> {
    const found: RecordedEvent[] = [];
    for await (const page of store.readStream(stream)) found.push(...page);
    return found as (RecordedEvent & OrderEvent)[];
  }

  return {
    store,
    commands,
    place: async (n) => {
      const stream = `order-${stableId('order', String(n))}`;
      const [item] = orderContract.commands.PlaceOrder.example.items;
      await handle('PlaceOrder', stream, { items: [{ ...item, quantity: n }], email: 'alice@example.org' });
      return stream;
    },
    ask: (type, stream) => handle(type, stream, null),
    start: (more = {}) => {
      const undecided = undecidedIn(readModels, orders);
      const running = startOrders({ store, bus, log, commands, undecided, judge: () => [], random: () => 0, silence: 50, backoff: 2, ...more });
      started.push(running);
      return running;
    },
    events,
    becomes: (stream, type) =>
      vi.waitFor(
        async () => {
          const types = (await events(stream)).map((event) => event.type);
          expect(types.at(-1)).toBe(type);
          return types;
        },
        { timeout: 20_000, interval: 10 },
      ),
    close: async () => {
      for (const one of started) await one.stop();
      await projections.stop();
      await opened.close();
    },
  };
}
