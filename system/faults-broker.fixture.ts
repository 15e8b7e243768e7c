/** The harm that operators, strangers and accidents do to a broker. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConsumeMessage } from 'amqplib';
import { vi } from 'vitest';
import { outsider } from '../platform/event-bus/rabbitmq/rabbitmq.fixture.ts';
import type { Chance } from '../platform/event-bus/unreliable.fixture.ts';
import type { RabbitMq } from '../servers/for-tests.fixture.ts';

const PATIENCE = { timeout: 30_000, interval: 100 };

/** Sends a request to the management API, and waits for it: it starts later than the broker itself. */
export function manage<T>(broker: RabbitMq, method: string, path: string, body?: unknown): Promise<T> {
  return vi.waitFor(() => broker.api(method, path, body) as Promise<T>, PATIENCE);
}

/** Has the broker close about half of its connections, at least one. Resolves to their number. */
export async function closeConnections(broker: RabbitMq, chance: Chance): Promise<number> {
  const all = await vi.waitFor(async () => {
    const found = await manage<{ name: string }[]>(broker, 'GET', 'connections');
    if (found.length === 0) throw new Error('the broker lists no connections');
    return found;
  }, PATIENCE);
  const chosen = all.filter((_, index) => index === 0 || chance() < 0.5);
  // One that has gone meanwhile is closed, too.
  await Promise.allSettled(chosen.map(({ name }) => broker.api('DELETE', `connections/${encodeURIComponent(name)}`)));
  return chosen.length;
}

/** Has the broker close every connection. */
export async function closeEveryConnection(broker: RabbitMq): Promise<void> {
  await closeConnections(broker, () => 0);
}

/**
 * Has the broker close every channel whose deliveries are not acknowledged within a second, instead of half an hour: from now on, since all channels
 * are opened anew. Resolves to the function that ends that.
 */
export async function closeSlowChannels(broker: RabbitMq): Promise<() => Promise<void>> {
  const set = (key: string, value: number) => `application:set_env(rabbit, ${key}, ${value})`;
  await broker.evaluate(`${set('consumer_timeout', 1_000)}, ${set('channel_tick_interval', 500)}.`);
  await closeEveryConnection(broker);
  return async () => {
    await broker.evaluate(`${set('consumer_timeout', 1_800_000)}, ${set('channel_tick_interval', 60_000)}.`);
    await closeEveryConnection(broker);
  };
}

/** The number of channels that the broker closed with an error of this kind, by its own log: so far, and later. */
export function closedChannels({ folder }: RabbitMq, error: 'not_found' | 'precondition_failed'): { before: number; now(): number } {
  const now = () => readFileSync(join(folder, 'log'), 'utf8').split(`caused a channel exception ${error}`).length;
  return { before: now(), now };
}

/** Deletes the exchange to which all events are published: the broker closes the channel of who publishes to it (404). */
export async function deleteExchange(broker: RabbitMq, exchange: string): Promise<void> {
  await manage(broker, 'DELETE', `exchanges/%2F/${exchange}`);
}

/** Deletes a queue with its messages, where it exists. */
export async function deleteQueue(broker: RabbitMq, queue: string): Promise<void> {
  await manage(broker, 'DELETE', `queues/%2F/${queue}`);
}

/** Throws away the messages of a queue. */
export async function purge(broker: RabbitMq, queue: string): Promise<void> {
  await broker.api('DELETE', `queues/%2F/${queue}/contents`).catch(() => {});
}

interface Binding {
  destination: string;
  destination_type: 'queue' | 'exchange';
  routing_key: string;
  properties_key: string;
}

/** Unbinds some queues from the exchange of all events. Resolves to the function that binds them again. */
export async function swallowEvents(broker: RabbitMq, chance: Chance): Promise<() => Promise<void>> {
  const all = await manage<Binding[]>(broker, 'GET', 'exchanges/%2F/events/bindings/source');
  // The queue of a connection of its own nobody else may touch.
  const some = all.filter(({ destination }) => !destination.startsWith('amq.'));
  const cut = some.filter((_, index) => index === 0 || chance() < 0.7);
  const pathOf = ({ destination_type, destination }: Binding) =>
    `bindings/%2F/e/events/${destination_type === 'queue' ? 'q' : 'e'}/${encodeURIComponent(destination)}`;
  for (const binding of cut) await broker.api('DELETE', `${pathOf(binding)}/${encodeURIComponent(binding.properties_key)}`);
  return async () => {
    // A queue that went with its connection meanwhile is bound by whoever made it anew.
    for (const binding of cut) await broker.api('POST', pathOf(binding), { routing_key: binding.routing_key }).catch(() => {});
  };
}

/** Copies every event published during `work`, then publishes copies again: in another order, some twice, some not. Resolves to their number. */
export function repeatEvents(broker: RabbitMq, chance: Chance, work: () => Promise<void>): Promise<number> {
  return outsider(broker.url, async (channel) => {
    const copies: ConsumeMessage[] = [];
    const { queue } = await channel.assertQueue('', { exclusive: true });
    await channel.bindQueue(queue, 'events', '#');
    const { consumerTag } = await channel.consume(queue, (message) => void (message && copies.push(message)), { noAck: true });
    await work();
    await channel.cancel(consumerTag);
    const again = copies
      .flatMap((copy) => Array.from({ length: Math.floor(chance() * 4) }, () => ({ copy, at: chance() })))
      .sort((a, b) => a.at - b.at);
    for (const { copy } of again) channel.publish('events', copy.fields.routingKey, copy.content, copy.properties);
    return again.length;
  });
}

/** Limits a queue to three messages. Resolves to the function that ends that. */
export async function narrow(broker: RabbitMq, queue: string): Promise<() => Promise<void>> {
  await manage(broker, 'PUT', 'policies/%2F/narrow', { pattern: `^${queue}$`, 'apply-to': 'queues', definition: { 'max-length': 3 } });
  return () => manage(broker, 'DELETE', 'policies/%2F/narrow');
}

/** Puts offers on a work queue until it takes no more. */
export function fill(broker: RabbitMq, queue: string, offer: () => string): Promise<void> {
  return outsider(broker.url, async (channel) => {
    const put = () => {
      const taken = Promise.withResolvers<boolean>();
      channel.sendToQueue(queue, Buffer.from(JSON.stringify({ stream: offer() })), { persistent: true }, (error) => taken.resolve(!error));
      return taken.promise;
    };
    while (await put());
  });
}

/** Offers these streams once more. */
export function offerAgain(broker: RabbitMq, queue: string, streams: readonly string[]): Promise<void> {
  return outsider(broker.url, async (channel) => {
    for (const stream of streams) channel.sendToQueue(queue, Buffer.from(JSON.stringify({ stream })), { persistent: true });
  });
}

const WRONG: { content: string; headers?: Record<string, unknown>; contentType?: string }[] = [
  { content: '' },
  { content: 'no JSON', contentType: 'application/json' },
  { content: '{"stream":7}', contentType: 'application/json' },
  { content: '{}', headers: { cloudEvents_specversion: '1.0', cloudEvents_source: '/somebody/else' }, contentType: 'application/json' },
  {
    content: '{',
    headers: {
      cloudEvents_specversion: '1.0',
      cloudEvents_source: '/taskledger',
      cloudEvents_id: 'x',
      cloudEvents_position: '~',
      cloudEvents_revision: -1,
    },
    contentType: 'application/json',
  },
];

/** Sends foreign and invalid messages to these queues and to all followers. Resolves to the number that each queue got. */
export function sendWrong(broker: RabbitMq, queues: readonly string[]): Promise<number> {
  return outsider(broker.url, async (channel) => {
    for (const { content, ...options } of WRONG) {
      for (const queue of queues) channel.sendToQueue(queue, Buffer.from(content), options);
      channel.publish('events', 'task.task_created', Buffer.from(content), options);
    }
    return WRONG.length;
  });
}

/** The number of messages in a queue. */
export async function depthOf(broker: RabbitMq, queue: string): Promise<number> {
  return outsider(broker.url, async (channel) => (await channel.checkQueue(queue)).messageCount);
}
