/**
 * The forwarder, from a log on disk to the broker's confirms, against a bare amqplib publisher that has its messages ready: the same bytes, the same
 * exchanges and queue, as many in flight. Needs an installed RabbitMQ. `node bench/forwarder.ts` prints the line.
 */

import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { connect } from 'amqplib';
import { exampleEvent } from '../contracts/catalog.ts';
import { type NewEvent, NO_STREAM, type RecordedEvent, START } from '../contracts/message.ts';
import type { EventBus } from '../platform/event-bus/event-bus.ts';
import { type Encoded, encodeCloudEvent } from '../platform/event-bus/rabbitmq/cloud-events.ts';
import type { EventStore } from '../platform/event-store/event-store.ts';
import { PROJECTIONS } from '../projections/project.ts';
import { chained, type ForwarderCheckpoint, forwarderCheckpoint } from '../write-side/forwarder/checkpoint.ts';
import { startForwarder } from '../write-side/forwarder/forward.ts';
import { bestOf, line, type Row } from './measure.ts';
import { onRabbitMq } from './on-rabbitmq.ts';

const EVENTS = 20_000;
const STREAM_LENGTH = 10;
const ROUNDS = 5;
const IN_FLIGHT = 1_000;
const BEGINNING: ForwarderCheckpoint = { position: START, eventId: '', previous: START, categories: {}, floor: START };
const log = { info: () => {}, warn: () => {}, error: () => {} };

/** The row of messages confirmed per second; none where there is no RabbitMQ. */
export function benchForwarder(): Promise<Row[]> {
  return onRabbitMq(async ({ url, store, bus }) => {
    await declare(bus);
    const messages = await filled(store);
    return [
      await bestOf({
        what: 'forwarder, to RabbitMQ',
        unit: 'messages/s',
        target: 0.7,
        rounds: ROUNDS,
        ours: () => forwarded(store, bus),
        bare: () => published(url, messages),
      }),
    ];
  });
}

/** Declares the exchanges and the queue of the read models, which is soon full and drops its oldest. */
async function declare(bus: EventBus): Promise<void> {
  const { signal } = new AbortController();
  await (await bus.publisher(signal)).release();
  for await (const _ of bus.follow(PROJECTIONS.queue, { signal, max: 1 })) break;
}

const { type, data, metadata } = exampleEvent('TaskCreated');

async function filled(store: EventStore): Promise<Encoded[]> {
  for (let n = 0; n < EVENTS; n += STREAM_LENGTH) {
    const events = Array.from({ length: STREAM_LENGTH }, (): NewEvent => ({ id: randomUUID(), type, data, metadata }));
    await store.append(`task-${randomUUID()}`, NO_STREAM, events);
  }
  const all: RecordedEvent[] = [];
  for await (const page of store.readAll()) all.push(...page);
  return chained(all, BEGINNING).messages.map(encodeCloudEvent);
}

async function forwarded(store: EventStore, bus: EventBus): Promise<number> {
  const checkpoint = forwarderCheckpoint(store, () => {});
  await checkpoint.load();
  await checkpoint.write(BEGINNING);
  const forwarder = startForwarder({ store, bus, log, batch: IN_FLIGHT / 2 });
  const head = await store.head();
  while (!forwarder.active()) await delay(1);
  const start = performance.now();
  while (forwarder.position() !== head) await delay(1);
  const rate = (EVENTS / (performance.now() - start)) * 1_000;
  await forwarder.stop();
  return rate;
}

async function published(url: string, messages: readonly Encoded[]): Promise<number> {
  const connection = await connect(url, { noDelay: true });
  const channel = await connection.createConfirmChannel();
  let inFlight = 0;
  let freed = () => {};
  const confirmed = () => {
    inFlight--;
    freed();
  };
  const start = performance.now();
  for (const { routingKey, content, options } of messages) {
    while (inFlight >= IN_FLIGHT) await new Promise<void>((resolve) => (freed = resolve));
    inFlight++;
    channel.publish('events', routingKey, content, options, confirmed);
  }
  await channel.waitForConfirms();
  const rate = (messages.length / (performance.now() - start)) * 1_000;
  await connection.close();
  return rate;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const row of await benchForwarder()) process.stdout.write(`${line(row)}\n`);
}
