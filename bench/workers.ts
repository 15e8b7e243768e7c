/**
 * Orders a second, from the offer on the queue to its acknowledgement, by competing workers. Each leases the order, decides it and records that in
 * an event store on disk. Needs an installed RabbitMQ. `node bench/workers.ts` prints the lines.
 */

import { pathToFileURL } from 'node:url';
import { orderContract } from '../contracts/order.ts';
import type { CommandHandler } from '../platform/command-handler.ts';
import { stableId } from '../platform/stable-id.ts';
import type { OrderState } from '../write-side/deciders/order.ts';
import { commandHandler } from '../write-side/handle-command.ts';
import { ORDERS } from '../write-side/workers/order-rows.ts';
import { policyOf } from '../write-side/workers/order-rules.ts';
import { orderWorker } from '../write-side/workers/orders-work.ts';
import { line, type Row } from './measure.ts';
import { onRabbitMq } from './on-rabbitmq.ts';
import { benchCompeting } from './work-queue.ts';

const log = { info: () => {}, warn: () => {}, error: () => {} };

/** The rows of orders decided per second; none where there is no RabbitMQ. */
export function benchWorkers(): Promise<Row[]> {
  return onRabbitMq(({ store, ...broker }) => {
    const commands = commandHandler({ store, hmac: (text) => stableId(text), log });
    return benchCompeting({
      ...{ what: 'orders', target: 0.2, ...broker, queue: ORDERS },
      make: () => place(commands),
      handler: (worker) => orderWorker({ store, commands, log, worker, judge: policyOf({}) }),
      statusOf: async (stream) => (await commands.load<OrderState>(stream)).state.status,
      done: 'confirmed',
    });
  });
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
