/** Exchanges and queues, declared by whoever uses them; declaring what is there already changes nothing. */
import type { Channel, Options } from 'amqplib';
import { catalog } from '../../../contracts/catalog.ts';
import { ServerRefused } from '../../connections/reach.ts';
import { type FollowerQueue, fanoutOf, type WorkQueue } from '../queues.ts';
import type { Session } from './session.ts';

/** The topic exchange of all events. */
export const EVENTS = 'events';
/** What a `.dead` queue keeps at most: the newest. */
export const DEAD_LIMIT = 1_000;
/** No limit on deliveries. RabbitMQ 3 has none where none is named, RabbitMQ 4 then has 20, and each refuses what the other calls unlimited. */
const UNLIMITED = 2 ** 31 - 1;

type Arguments = Record<string, string | number | boolean>;

const quorum = (args: Arguments): Options.AssertQueue => ({ durable: true, arguments: { 'x-queue-type': 'quorum', ...args } });

/** The exchange of all events, and a fanout for each category of the catalog: services outside bind to those that no queue of ours needs, too. */
export async function declareExchanges(session: Session): Promise<void> {
  for (const { category } of catalog) await declareExchange(session, fanoutOf(category));
}

function declareExchange(session: Session, exchange: string): Promise<void> {
  return declaring(session, `exchange ${exchange}`, async (channel) => {
    await channel.assertExchange(EVENTS, 'topic', { durable: true });
    if (exchange === EVENTS) return;
    await channel.assertExchange(exchange, 'fanout', { durable: true });
    await channel.bindExchange(exchange, EVENTS, `${exchange.slice(0, -fanoutOf('').length)}.#`);
  });
}

/** A follower's queue and its exchange; answers the queue's name. A full one drops its oldest: that is a gap, and a gap is read from the store. */
export async function declareFollowerQueue(session: Session, { name, exchange, pattern, limit }: FollowerQueue): Promise<string> {
  await declareExchange(session, exchange);
  return declaring(session, `queue ${name}`, async (channel) => {
    const { queue } = await channel.assertQueue(name ?? '', name === null ? exclusive(limit) : followed(limit));
    await channel.bindQueue(queue, exchange, pattern);
    return queue;
  });
}

const followed = (limit: number) =>
  quorum({ 'x-max-length': limit, 'x-overflow': 'drop-head', 'x-delivery-limit': UNLIMITED, 'x-single-active-consumer': true });

/** Of the connection that declares it, and classic: a queue that the server names cannot be a quorum queue. */
const exclusive = (limit: number): Options.AssertQueue => ({
  exclusive: true,
  durable: false,
  arguments: { 'x-max-length': limit, 'x-overflow': 'drop-head' },
});

export const deadQueueOf = ({ name }: WorkQueue) => `${name}.dead`;

/** `email_notifications.delay.10s` */
export function delayQueueOf({ name }: WorkQueue, milliseconds: number): string {
  const isSeconds = milliseconds % 1_000 === 0;
  return `${name}.delay.${isSeconds ? `${milliseconds / 1_000}s` : `${milliseconds}ms`}`;
}

/** A work queue and its `.dead` queue. */
export async function declareWorkQueue(session: Session, queue: WorkQueue): Promise<void> {
  const dead = deadQueueOf(queue);
  await declaring(session, `queue ${dead}`, (channel) =>
    channel.assertQueue(dead, quorum({ 'x-max-length': DEAD_LIMIT, 'x-overflow': 'drop-head', 'x-delivery-limit': UNLIMITED })),
  );
  await declaring(session, `queue ${queue.name}`, (channel) =>
    channel.assertQueue(queue.name, quorum({ ...refusingAt(queue.limit), ...passingOnTo(dead), 'x-delivery-limit': queue.deliveryLimit })),
  );
}

/** The queue where a failed offer waits; every message in it waits as long, so that none waits behind a longer one. */
export async function declareDelayQueue(session: Session, queue: WorkQueue, milliseconds: number): Promise<string> {
  const name = delayQueueOf(queue, milliseconds);
  await declaring(session, `queue ${name}`, (channel) =>
    channel.assertQueue(
      name,
      quorum({ ...refusingAt(queue.limit), ...passingOnTo(queue.name), 'x-message-ttl': milliseconds, 'x-delivery-limit': UNLIMITED }),
    ),
  );
  return name;
}

/** A quorum queue refuses once it holds more than its length. */
const refusingAt = (limit: number): Arguments => ({ 'x-max-length': Math.max(limit - 1, 0), 'x-overflow': 'reject-publish' });

/** By the default exchange, at least once (which wants a queue that refuses when it is full). */
const passingOnTo = (queue: string): Arguments => ({
  'x-dead-letter-exchange': '',
  'x-dead-letter-routing-key': queue,
  'x-dead-letter-strategy': 'at-least-once',
});

/** Error: ServerRefused where it is there with other arguments; the message says what to do. */
async function declaring<T>(session: Session, what: string, declare: (channel: Channel) => Promise<T>): Promise<T> {
  try {
    return await session.aside(declare);
  } catch (error) {
    const { code, message } = error as { code?: number; message: string };
    if (code !== 406) throw error;
    const [, detail = message] = /PRECONDITION_FAILED - ([^"]*)/.exec(message) ?? [];
    throw new ServerRefused(
      `RabbitMQ has the ${what} with other arguments (${detail}); delete it there, and it is made anew: what it holds is made from the store`,
      {
        cause: error,
      },
    );
  }
}
