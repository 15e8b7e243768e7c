/**
 * Orders a second, from the offer on the queue to its acknowledgement, by competing workers. Each leases the order, decides it and records that in
 * an event store on disk. Needs an installed RabbitMQ. `node bench/workers.ts` prints the lines.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { QUEUES } from '../app/queues.ts';
import { orderContract } from '../contracts/order.ts';
import type { CommandHandler } from '../platform/command-handler.ts';
import { openEventBus } from '../platform/event-bus/open.ts';
import { openEventStore } from '../platform/event-store/open.ts';
import { stableId } from '../platform/stable-id.ts';
import { missing, startRabbitMq } from '../servers/rabbitmq.ts';
import type { OrderState } from '../write-side/deciders/order.ts';
import { commandHandler } from '../write-side/handle-command.ts';
import { policyOf } from '../write-side/workers/order-rules.ts';
import { ORDERS } from '../write-side/workers/orders.ts';
import { orderWorker } from '../write-side/workers/orders-work.ts';
import { line, type Row } from './measure.ts';
import { benchCompeting, COUNT } from './work-queue.ts';

const log = { info: () => {}, warn: () => {}, error: () => {} };

/** Orders decided a second; no rows where there is no RabbitMQ. */
export async function benchWorkers(): Promise<Row[]> {
  if (missing()) return [];
  const broker = await startRabbitMq();
  const dataDir = await mkdtemp(join(tmpdir(), 'bench-workers-'));
  const store = await openEventStore('sqlite:', { dataDir, log });
  const bus = await openEventBus(broker.url, { queues: QUEUES, log });
  const commands = commandHandler({ store, hmac: (text) => stableId(text), log });
  try {
    return await benchCompeting({
      ...{ what: 'orders', target: 0.2, url: broker.url, bus, queue: ORDERS },
      make: () => Promise.all(Array.from({ length: COUNT }, () => place(commands))),
      handler: (worker) => orderWorker({ store, commands, log, worker, judge: policyOf({}) }),
      check: async (streams) => {
        for (const stream of streams) {
          const { state } = await commands.load<OrderState>(stream);
          if (state.status !== 'confirmed') throw new Error(`${stream} is ${state.status}`);
        }
      },
    });
  } finally {
    await bus.close();
    await store.close();
    await broker.close();
    await rm(dataDir, { recursive: true });
  }
}

let placed = 0;

/** Places an order; answers its stream. */
async function place(commands: CommandHandler): Promise<string> {
  const id = stableId('bench', String(placed++));
  const stream = `order-${id}`;
  const actor = { id: stableId('maker'), role: 'member', seesAll: true } as const;
  const data = orderContract.commands.PlaceOrder.example;
  const command = { type: 'PlaceOrder', stream, id, data, commandId: stableId(stream), actor, now: new Date().toISOString() };
  await commands.handle(command, { correlationId: id });
  return stream;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const row of await benchWorkers()) process.stdout.write(`${line(row)}\n`);
}
