/**
 * Competing workers on a work queue of RabbitMQ, against as many bare amqplib consumers that take the same offers, one at a time, and acknowledge
 * them.
 */

import { setTimeout as delay } from 'node:timers/promises';
import { type Channel, type ConfirmChannel, connect } from 'amqplib';
import type { Offer } from '../platform/event-bus/event-bus.ts';
import type { WorkQueue } from '../platform/event-bus/queues.ts';
import { stableId } from '../platform/stable-id.ts';
import { ORDERS } from '../write-side/workers/order-rows.ts';
import { bestOf, type Row } from './measure.ts';
import type { OnRabbitMq } from './on-rabbitmq.ts';

/** Items of a run: nearly as many offers as the queue holds. */
const COUNT = 900;
const ROUNDS = 3;
const WORKERS = [1, 2, 4];

export interface Competition extends Omit<OnRabbitMq, 'store'> {
  /** The name of the items, as `orders`. */
  what: string;
  target: number;
  queue: WorkQueue;
  /** Makes an item; answers its stream. */
  make(): Promise<string>;
  /** Makes the handler of one worker. */
  handler(worker: string): (offer: Offer) => Promise<void>;
  /** The status of an item; it must be `done` once the item is worked off. */
  statusOf(stream: string): Promise<string>;
  done: string;
}

/** The rows of 1, 2 and 4 workers. */
export async function benchCompeting(of: Competition): Promise<Row[]> {
  const rows: Row[] = [];
  for (const workers of WORKERS) {
    const what = `${of.what}, ${workers} worker${workers === 1 ? '' : 's'}`;
    const unit = `${of.what.split(' ')[0]}/s`;
    const { target, url } = of;
    rows.push(await bestOf({ what, unit, target, rounds: ROUNDS, ours: () => worked(of, workers), bare: () => consumed(url, workers) }));
  }
  return rows;
}

/** Answers items worked off per second. All are offered before the first worker comes. */
async function worked({ bus, queue, make, handler, ...of }: Competition, workers: number): Promise<number> {
  const streams = await Promise.all(Array.from({ length: COUNT }, make));
  for (let n = 0; n < streams.length; n += 100) await Promise.all(streams.slice(n, n + 100).map((stream) => bus.offer(queue, { stream })));
  const stopping = new AbortController();
  const { promise: all, resolve: done } = Promise.withResolvers<void>();
  let left = streams.length;
  const start = performance.now();
  const working = Array.from({ length: workers }, (_, n) => {
    const handle = handler(`bench-${n}`);
    return bus.work(queue, { signal: stopping.signal, prefetch: 1 }, async (offer) => {
      await handle(offer);
      if (--left === 0) done();
    });
  });
  await all;
  const rate = (streams.length / (performance.now() - start)) * 1_000;
  stopping.abort();
  await Promise.all(working);
  await checkDone(streams, of);
  return rate;
}

async function checkDone(streams: readonly string[], { statusOf, done }: Pick<Competition, 'statusOf' | 'done'>): Promise<void> {
  for (const stream of streams) {
    const status = await statusOf(stream);
    if (status !== done) throw new Error(`${stream} is ${status}`);
  }
}

/** Answers messages per second that bare consumers take from a queue of the same kind, with messages of the same bytes. */
async function consumed(url: string, workers: number): Promise<number> {
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
