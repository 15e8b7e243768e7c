/** The consumer of a follower's queue, on a session of its own: what ends a part of it ends all, and unacknowledged messages go back to the queue. */
import type { Channel, ConsumeMessage } from 'amqplib';
import type { BusMessage } from '../event-bus.ts';
import type { FollowerQueue } from '../queues.ts';
import { decode } from './cloud-events.ts';
import { hold } from './hold.ts';
import { type ChannelInbox, openInbox } from './inbox.ts';
import { keepThere } from './keep-there.ts';
import type { BusSession } from './session.ts';
import type { Strangers } from './strangers.ts';
import { declareFollowerQueue, followedBy } from './topology.ts';

export interface Consuming {
  signal: AbortSignal;
  max: number;
  strangers: Strangers;
  /** Called with the queue's name, once it is declared. */
  declared(name: string): void;
}

/** The bounds of a consumer's prefetch: messages on their way to it at most, and at least. */
const MOST_PREFETCH = 1_000;
const LEAST_PREFETCH = 50;

/** Batches as EventBus.follow gives them; ends when the signal aborts or the session is lost, and closes the session. Errors: those of declaring. */
export async function* consume(session: BusSession, queue: FollowerQueue, consuming: Consuming): AsyncGenerator<BusMessage[]> {
  try {
    yield* batches(session, queue, consuming);
  } catch (error) {
    // Where the session was lost, the reason has been logged.
    if (!session.lost.aborted) throw error;
  } finally {
    await session.close();
  }
}

async function* batches(session: BusSession, queue: FollowerQueue, consuming: Consuming): AsyncGenerator<BusMessage[]> {
  const { max } = consuming;
  const ending = AbortSignal.any([consuming.signal, session.lost]);
  const name = await activeOn(session, queue, consuming, ending);
  if (name === undefined) return;
  const inbox = openInbox(ending);
  const channel = await receiving(session, { queue: name, inbox, prefetch: Math.min(Math.max(2 * max, LEAST_PREFETCH), MOST_PREFETCH) });
  keepThere(session, followedBy(queue, name));
  yield [];
  for (let taken = await inbox.take(max); taken; taken = await inbox.take(max)) {
    const messages = understood(taken, name, consuming.strangers);
    if (messages.length > 0) yield messages;
    // On a channel that has ended meanwhile nothing can be acknowledged: all of it comes again.
    const last = taken.at(-1);
    if (last && !ending.aborted) channel.ack(last, true);
  }
}

/** Waits until this session may consume the queue; resolves with the queue's name, undefined when the signal aborts first. */
async function activeOn(session: BusSession, queue: FollowerQueue, { declared }: Consuming, signal: AbortSignal): Promise<string | undefined> {
  // A queue with a name fills while its consumers wait; a queue without one is made by the consumer that becomes active.
  if (queue.name !== null) declared(await declareFollowerQueue(session, queue));
  if (queue.activeHold !== null && !(await hold(session, queue.activeHold, signal))) return undefined;
  const name = await declareFollowerQueue(session, queue);
  declared(name);
  return name;
}

function understood(deliveries: readonly ConsumeMessage[], queue: string, strangers: Strangers): BusMessage[] {
  return deliveries.flatMap((delivery) => {
    const { message, invalid } = decode(delivery);
    if (invalid !== undefined) strangers.met(queue, delivery, invalid);
    return message ?? [];
  });
}

async function receiving(
  session: BusSession,
  { queue, inbox, prefetch }: { queue: string; inbox: ChannelInbox; prefetch: number },
): Promise<Channel> {
  const channel = await session.channel();
  await channel.prefetch(prefetch);
  await channel.consume(queue, (delivery) => {
    if (delivery) inbox.put(delivery);
    else session.lose(`the queue ${queue} was deleted`);
  });
  return channel;
}
