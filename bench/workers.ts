/**
 * Orders a second, from the offer on the queue to its acknowledgement, by 1, 2 and 4 workers, against as many bare amqplib consumers that take
 * the same offers, one at a time, and acknowledge them. Ours leases each order, decides it and records that in an event store on disk.
 * Needs an installed RabbitMQ. `node bench/workers.ts` prints the lines.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { type Channel, type ConfirmChannel, connect } from 'amqplib';
import { orderContract } from '../contracts/order.ts';
import { missing, startRabbitMq } from '../servers/rabbitmq.ts';
import type { CommandHandler } from '../write-side/decider.ts';
import type { OrderState } from '../write-side/deciders/order.ts';
import type { EventBus } from '../write-side/event-bus/event-bus.ts';
import { openEventBus } from '../write-side/event-bus/open.ts';
import { ORDERS, type WorkQueue } from '../write-side/event-bus/queues.ts';
import type { EventStore } from '../write-side/event-store/event-store.ts';
import { openEventStore } from '../write-side/event-store/open.ts';
import { commandHandler } from '../write-side/handle-command.ts';
import { stableId } from '../write-side/stable-id.ts';
import { judge } from '../write-side/workers/order-rules.ts';
import { orderWorker } from '../write-side/workers/orders-work.ts';
import { bestOf, line, type Row } from './measure.ts';

/** Orders of a run: as many offers as the queue holds. */
const COUNT = 900;
const ROUNDS = 3;
const WORKERS = [1, 2, 4];
const log = { info: () => {}, warn: () => {}, error: () => {} };

interface Rig {
  url: string;
  bus: EventBus;
  store: EventStore;
  commands: CommandHandler;
}

/** Orders decided a second; no rows where there is no RabbitMQ. */
export async function benchWorkers(): Promise<Row[]> {
  if (missing()) return [];
  const broker = await startRabbitMq();
  const dataDir = await mkdtemp(join(tmpdir(), 'bench-workers-'));
  const store = await openEventStore('sqlite:', { dataDir, log });
  const bus = await openEventBus(broker.url, { log });
  const rig: Rig = { url: broker.url, bus, store, commands: commandHandler({ store, hmac: (text) => stableId(text), log }) };
  try {
    const rows: Row[] = [];
    for (const workers of WORKERS) {
      rows.push(
        await bestOf({
          what: `orders, ${workers} worker${workers === 1 ? '' : 's'}`,
          unit: 'orders/s',
          target: 0.2,
          rounds: ROUNDS,
          ours: () => worked(rig, workers),
          bare: () => consumed(rig, workers),
        }),
      );
    }
    return rows;
  } finally {
    await bus.close();
    await store.close();
    await broker.close();
    await rm(dataDir, { recursive: true });
  }
}

let placed = 0;

/** Places orders; answers their streams. */
function place({ commands }: Rig): Promise<string[]> {
  return Promise.all(
    Array.from({ length: COUNT }, async () => {
      const id = stableId('bench', String(placed++));
      const stream = `order-${id}`;
      const actor = { id: stableId('maker'), role: 'member', seesAll: true } as const;
      const data = orderContract.commands.PlaceOrder.example;
      const command = { type: 'PlaceOrder', stream, id, data, commandId: stableId(stream), actor, now: new Date().toISOString() };
      await commands.handle(command, { correlationId: id });
      return stream;
    }),
  );
}

/** All are offered before the first worker comes. */
async function offered(bus: EventBus, queue: WorkQueue, streams: readonly string[]): Promise<void> {
  for (let n = 0; n < streams.length; n += 100) await Promise.all(streams.slice(n, n + 100).map((stream) => bus.offer(queue, { stream })));
}

async function worked(rig: Rig, workers: number): Promise<number> {
  const streams = await place(rig);
  await offered(rig.bus, ORDERS, streams);
  const stopping = new AbortController();
  let left = COUNT;
  let done = () => {};
  const all = new Promise<void>((resolve) => (done = resolve));
  const { store, commands } = rig;
  const start = performance.now();
  const working = Array.from({ length: workers }, (_, n) => {
    const handle = orderWorker({ store, commands, log, worker: `bench-${n}`, judge: (order) => judge({}, order) });
    return rig.bus.work(ORDERS, { signal: stopping.signal, prefetch: 1 }, async (offer) => {
      await handle(offer);
      if (--left === 0) done();
    });
  });
  await all;
  const rate = (COUNT / (performance.now() - start)) * 1_000;
  stopping.abort();
  await Promise.all(working);
  await checkDecided(commands, streams);
  return rate;
}

async function checkDecided(commands: CommandHandler, streams: readonly string[]): Promise<void> {
  for (const stream of streams) {
    const { state } = await commands.load<OrderState>(stream);
    if (state.status !== 'confirmed') throw new Error(`${stream} is ${state.status}`);
  }
}

/** Bare consumers on a queue of the same kind, with messages of the same bytes: taken a second. */
export async function consumed({ url }: Pick<Rig, 'url'>, workers: number): Promise<number> {
  const connection = await connect(url, { noDelay: true });
  const filling = await connection.createConfirmChannel();
  const arguments_ = { 'x-queue-type': 'quorum', 'x-max-length': ORDERS.limit - 1, 'x-overflow': 'reject-publish', 'x-delivery-limit': 20 };
  await filling.assertQueue('bare', { durable: true, arguments: arguments_ });
  await filled(filling);
  let left = COUNT;
  let done = () => {};
  const all = new Promise<void>((resolve) => (done = resolve));
  const start = performance.now();
  for (let n = 0; n < workers; n++) {
    const channel = await connection.createChannel();
    await consume(channel, () => --left === 0 && done());
  }
  await all;
  const rate = (COUNT / (performance.now() - start)) * 1_000;
  // The last acknowledgements are still on their way.
  while ((await filling.checkQueue('bare')).messageCount > 0) await delay(1);
  await connection.close();
  return rate;
}

async function filled(channel: ConfirmChannel): Promise<void> {
  for (let n = 0; n < COUNT; n++)
    channel.sendToQueue('bare', Buffer.from(JSON.stringify({ stream: `order-${stableId(String(n))}` })), { persistent: true });
  await channel.waitForConfirms();
}

async function consume(channel: Channel, taken: () => void): Promise<void> {
  await channel.prefetch(1);
  await channel.consume('bare', (message) => {
    if (!message) return;
    channel.ack(message);
    taken();
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const row of await benchWorkers()) process.stdout.write(`${line(row)}\n`);
}
