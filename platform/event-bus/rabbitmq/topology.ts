/** Exchanges and queues, declared by each of their users; declaring what is there already changes nothing. */
import type { Channel, Options } from 'amqplib';
import { catalog } from '../../../contracts/catalog.ts';
import { ServerRefused } from '../../connections/reach.ts';
import { type FollowerQueue, fanoutOf, type WorkQueue } from '../queues.ts';
import type { InUse } from './keep-there.ts';
import type { Declaration, Misfit } from './misfits.ts';
import type { BusSession } from './session.ts';

/** The topic exchange of all events. */
export const EVENTS = 'events';
/** Messages that a `.dead` queue keeps at most: the newest. */
export const DEAD_LIMIT = 1_000;
/**
 * A limit of deliveries that is never met. RabbitMQ 3 has no limit where none is named, RabbitMQ 4 has 20, and each refuses the other's word for
 * unlimited.
 */
const UNLIMITED = 2 ** 31 - 1;

const ACCESS_REFUSED = 403;
const PRECONDITION_FAILED = 406;

type Arguments = Record<string, string | number | boolean>;

const quorum = (args: Arguments): Options.AssertQueue => ({ durable: true, arguments: { 'x-queue-type': 'quorum', ...args } });

/** The exchange that says, by its alternate exchange, whose a virtual host is. Nothing is published to it. */
const INSTALLATION = '_installation';

/**
 * Marks the session's virtual host as an installation's own: the broker compares, and takes the first of two. A user who may not declare the mark leaves none.
 * Error: ServerRefused, where the virtual host is another installation's.
 */
export async function claimVirtualHost(session: Pick<BusSession, 'aside'>, installation: string, what: string): Promise<void> {
  try {
    await session.aside((channel) =>
      channel.assertExchange(INSTALLATION, 'fanout', { durable: true, internal: true, alternateExchange: installation }),
    );
  } catch (error) {
    const { code, message } = error as { code?: number; message: string };
    if (code === ACCESS_REFUSED) return;
    if (code !== PRECONDITION_FAILED) throw error;
    const [, other = 'unknown'] = /current is '([^']*)'/.exec(message) ?? [];
    throw new ServerRefused(
      `${what}: the virtual host is used by another installation (${other}; this one is ${installation}). Name another virtual host in BUS_URL; or, where that installation is no more, delete this one and make it anew`,
      { cause: error },
    );
  }
}

/** Declares the exchange of all events and each category's fanout, also those that no queue of ours needs: services outside bind to them. */
export async function declareExchanges(session: BusSession): Promise<void> {
  for (const { category } of catalog) await declareExchange(session, fanoutOf(category));
}

/** All exchanges that events go through, with their bindings, for who publishes. */
export const published: InUse = {
  exchanges: [EVENTS, ...catalog.map(({ category }) => fanoutOf(category))],
  declare: async (channel) => {
    for (const { category } of catalog) await bindFanout(channel, fanoutOf(category));
  },
};

/** The exchanges and bindings of a follower's queue, by the queue's name. */
export function followedBy({ exchange, pattern }: FollowerQueue, queue: string): InUse {
  return {
    exchanges: exchange === EVENTS ? [EVENTS] : [EVENTS, exchange],
    declare: async (channel) => {
      if (exchange !== EVENTS) await bindFanout(channel, exchange);
      await channel.bindQueue(queue, exchange, pattern);
    },
  };
}

function bindFanout(channel: Channel, exchange: string): Promise<unknown> {
  return channel.bindExchange(exchange, EVENTS, `${exchange.slice(0, -fanoutOf('').length)}.#`);
}

function declareExchange(session: BusSession, exchange: string): Promise<void> {
  return declaring(session, `exchange ${exchange}`, async (channel) => {
    await channel.assertExchange(EVENTS, 'topic', { durable: true });
    if (exchange === EVENTS) return;
    await channel.assertExchange(exchange, 'fanout', { durable: true });
    await bindFanout(channel, exchange);
  });
}

/** Declares a follower's queue and its exchange; answers the queue's name. A full queue drops its oldest: a gap, and a gap is read from the store. */
export async function declareFollowerQueue(session: BusSession, { name, exchange, pattern, limit }: FollowerQueue): Promise<string> {
  await declareExchange(session, exchange);
  return declaring(session, `queue ${name}`, async (channel) => {
    const { queue } = await channel.assertQueue(name ?? '', name === null ? exclusive(limit) : followed(limit));
    await channel.bindQueue(queue, exchange, pattern);
    return queue;
  });
}

const followed = (limit: number) =>
  quorum({ 'x-max-length': limit, 'x-overflow': 'drop-head', 'x-delivery-limit': UNLIMITED, 'x-single-active-consumer': true });

/** Options of a queue that only its connection may use. It is a classic queue: one that the server names cannot be a quorum queue. */
const exclusive = (limit: number): Options.AssertQueue => ({
  exclusive: true,
  durable: false,
  arguments: { 'x-max-length': limit, 'x-overflow': 'drop-head' },
});

/**
 * Declares the queue of the turns for a hold, `<hold>.turn`: one message at most, for the first of its consumers alone. Answers its name. It is a
 * classic queue: RabbitMQ 3.10 that is killed just after it made a quorum queue has a queue that never answers.
 */
export function declareTurnQueue(session: BusSession, hold: string): Promise<string> {
  const name = `${hold}.turn`;
  return declaring(session, `queue ${name}`, async (channel) => {
    await channel.assertQueue(name, {
      durable: true,
      arguments: { 'x-queue-type': 'classic', 'x-max-length': 1, 'x-overflow': 'drop-head', 'x-single-active-consumer': true },
    });
    return name;
  });
}

export const deadQueueOf = ({ name }: WorkQueue) => `${name}.dead`;

/** The name of a delay queue, as `email_notifications.delay.10s`. */
export function delayQueueOf({ name }: WorkQueue, milliseconds: number): string {
  const isSeconds = milliseconds % 1_000 === 0;
  return `${name}.delay.${isSeconds ? `${milliseconds / 1_000}s` : `${milliseconds}ms`}`;
}

/** Declares a work queue and its `.dead` queue. */
export async function declareWorkQueue(session: BusSession, queue: WorkQueue): Promise<void> {
  const dead = deadQueueOf(queue);
  await declaring(session, `queue ${dead}`, (channel) => declareDeadQueue(channel, dead));
  await declaring(session, `queue ${queue.name}`, (channel) =>
    channel.assertQueue(queue.name, quorum({ ...refusingAt(queue.limit), ...passingOnTo(dead), 'x-delivery-limit': queue.deliveryLimit })),
  );
}

/** Declares a `.dead` queue on a channel. Nobody consumes it: so nobody is told by the broker when it goes. */
export function declareDeadQueue(channel: Channel, name: string): Promise<unknown> {
  return channel.assertQueue(name, quorum({ 'x-max-length': DEAD_LIMIT, 'x-overflow': 'drop-head', 'x-delivery-limit': UNLIMITED }));
}

/** Declares the queue where a failed offer waits; all its messages wait equally long, so that none waits behind a longer one. Answers its name. */
export async function declareDelayQueue(session: BusSession, queue: WorkQueue, milliseconds: number): Promise<string> {
  const name = delayQueueOf(queue, milliseconds);
  await declaring(session, `queue ${name}`, (channel) =>
    channel.assertQueue(
      name,
      quorum({ ...refusingAt(queue.limit), ...passingOnTo(queue.name), 'x-message-ttl': milliseconds, 'x-delivery-limit': UNLIMITED }),
    ),
  );
  return name;
}

/** Arguments of a quorum queue that refuses above `limit`: such a queue refuses only once it holds more than its length. */
const refusingAt = (limit: number): Arguments => ({ 'x-max-length': Math.max(limit - 1, 0), 'x-overflow': 'reject-publish' });

/** Arguments of a queue that passes on by the default exchange, at least once (which asks for a queue that refuses when it is full). */
const passingOnTo = (queue: string): Arguments => ({
  'x-dead-letter-exchange': '',
  'x-dead-letter-routing-key': queue,
  'x-dead-letter-strategy': 'at-least-once',
});

/**
 * Runs a declaration. Error: ServerRefused where the thing is there with other arguments; the message says what to do. `alone`: nobody but this session
 * may repeat it, because what it declares is exclusive.
 */
export async function declaring<T>(session: BusSession, what: string, declare: (channel: Channel) => Promise<T>, alone = false): Promise<T> {
  try {
    const declared = await session.aside(declare);
    session.misfits?.fits(what);
    return declared;
  } catch (error) {
    const { code, message } = error as { code?: number; message: string };
    if (code !== PRECONDITION_FAILED) throw error;
    const [, detail = message] = /PRECONDITION_FAILED - ([^"]*)/.exec(message) ?? [];
    const name = /for ((?:queue|exchange) )'([^']+)'/.exec(detail)?.slice(1).join('') ?? what;
    throw misfit(session, what, { name, detail, cause: error, declare: alone ? null : declare });
  }
}

/** Notes a misfit, and makes the error that says what to do. */
export function misfit(session: BusSession, what: string, found: Misfit & { cause: unknown; declare: Declaration | null }): ServerRefused {
  const { name, detail, cause, declare } = found;
  session.misfits?.found(what, { name, detail }, declare);
  const advice = 'delete it there, and it is made anew: what it holds is made from the store';
  return new ServerRefused(`RabbitMQ has the ${name} with other arguments (${detail}); ${advice}`, { cause });
}
