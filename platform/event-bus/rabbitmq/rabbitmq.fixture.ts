/** For tests on RabbitMQ: messages, a listening follower, a connection that can be cut, and an outsider with a plain client. */
import { once } from 'node:events';
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net';
import { type ConfirmChannel, connect, type GetMessage } from 'amqplib';
import { vi } from 'vitest';
import { exampleEvent } from '../../../contracts/catalog.ts';
import { rabbitMq } from '../../../servers/for-tests.fixture.ts';
import type { BusMessage, EventBus } from '../event-bus.ts';
import type { FollowerQueue } from '../queues.ts';

/** Waits for a condition as long as a busy machine may need. */
export const until = <T>(check: () => T | Promise<T>): Promise<T> => vi.waitFor(check, { timeout: 20_000 });

export const position = (n: number) => (n === 0 ? '' : String(n).padStart(16, '0'));

/** Messages of one chain, numbered from `from` to `to`. */
export function numbered(from: number, to: number): BusMessage[] {
  return Array.from({ length: to - from + 1 }, (_, index) => {
    const n = from + index;
    return { event: exampleEvent('TaskCreated', { position: position(n) }), previous: position(n - 1), previousInCategory: position(n - 1) };
  });
}

export const positions = (from: number, to: number) => numbered(from, to).map(({ event }) => event.position);

/** Follows a queue, and again whenever that ends, as a follower does; collects the positions that it hears. */
export function listening(bus: EventBus, queue: FollowerQueue, { signal, max = 100 }: { signal: AbortSignal; max?: number }) {
  const heard: string[] = [];
  /** How often this consumer became the active one. */
  const began = { times: 0 };
  const hear = (batch: BusMessage[]) => {
    if (batch.length === 0) began.times++;
    heard.push(...batch.map(({ event }) => event.position));
  };
  void (async () => {
    while (!signal.aborted) for await (const batch of bus.follow(queue, { signal, max })) hear(batch);
  })();
  return { heard, began };
}

/** A proxy before the broker whose connections can be cut. */
export async function cuttable(url: string): Promise<{ url: string; cut(): void; close(): void }> {
  const { hostname, port, pathname } = new URL(url);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const onward = createConnection(Number(port), hostname);
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      sockets.add(one);
      one.pipe(other);
      one.on('error', () => {});
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `amqp://guest:guest@127.0.0.1:${(server.address() as AddressInfo).port}${pathname}`,
    cut,
    close: () => {
      server.close();
      cut();
    },
  };
}

/** Runs work on a channel of a plain amqplib client, as a service outside would. */
export async function outsider<T>(url: string, work: (channel: ConfirmChannel) => Promise<T>): Promise<T> {
  const connection = await connect(url);
  connection.on('error', () => {});
  try {
    const channel = await connection.createConfirmChannel();
    channel.on('error', () => {});
    const result = await work(channel);
    await channel.waitForConfirms();
    return result;
  } finally {
    await connection.close().catch(() => {});
  }
}

/** The next message of a queue, acknowledged; waits for it. */
export function nextOf(url: string, queue: string): Promise<GetMessage> {
  return outsider(url, (channel) =>
    vi.waitFor(
      async () => {
        const message = await channel.get(queue, { noAck: true });
        if (!message) throw new Error(`nothing in ${queue}`);
        return message;
      },
      { timeout: 10_000 },
    ),
  );
}

interface ConnectionOfBroker {
  name: string;
  client_properties: { connection_name?: string };
}

/**
 * Finds the connections of this purpose (the broker lists a new one only after a while); the function it answers closes them, as an operator
 * does.
 */
export async function connectionsOf(url: string, purpose: string): Promise<() => Promise<void>> {
  const vhost = new URL(url).pathname.slice(1);
  const found = await vi.waitFor(
    async () => {
      const all = (await rabbitMq.api('GET', `vhosts/${vhost}/connections`)) as ConnectionOfBroker[];
      const those = all.filter(({ client_properties }) => client_properties.connection_name?.includes(purpose));
      if (those.length === 0) throw new Error(`the broker lists no connection of ${purpose}`);
      return those;
    },
    { timeout: 20_000, interval: 100 },
  );
  return async () => {
    for (const { name } of found) await rabbitMq.api('DELETE', `connections/${encodeURIComponent(name)}`);
  };
}

/** Deletes a queue with what is in it. */
export async function deleteQueue(url: string, queue: string): Promise<void> {
  await rabbitMq.api('DELETE', `queues/${new URL(url).pathname.slice(1)}/${queue}`);
}
