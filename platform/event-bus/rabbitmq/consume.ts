/** Consumes a follower's queue on a session of its own: whatever ends any of it ends all of it, and what was not acknowledged goes back. */
import type { Channel, ConsumeMessage } from 'amqplib';
import type { BusMessage } from '../event-bus.ts';
import type { FollowerQueue } from '../queues.ts';
import { decode } from './cloud-events.ts';
import { hold } from './hold.ts';
import { type Inbox, openInbox } from './inbox.ts';
import type { Session } from './session.ts';
import type { Strangers } from './strangers.ts';
import { declareFollowerQueue } from './topology.ts';

export interface Consuming {
  signal: AbortSignal;
  max: number;
  strangers: Strangers;
  /** Told of the queue's name, once it is declared. */
  declared(name: string): void;
}

/** Messages on their way to a consumer at most, and at least. */
const MOST_PREFETCH = 1_000;
const LEAST_PREFETCH = 50;

/** Batches as EventBus.follow gives them; ends when the signal aborts or the session is lost, and closes the session. Errors: those of declaring. */
export async function* consume(session: Session, queue: FollowerQueue, consuming: Consuming): AsyncGenerator<BusMessage[]> {
  try {
    yield* batches(session, queue, consuming);
  } catch (error) {
    // Why the session ended has been told.
    if (!session.lost.aborted) throw error;
  } finally {
    await session.close();
  }
}

async function* batches(session: Session, queue: FollowerQueue, consuming: Consuming): AsyncGenerator<BusMessage[]> {
  const { max } = consuming;
  const ending = AbortSignal.any([consuming.signal, session.lost]);
  const name = await activeOn(session, queue, consuming, ending);
  if (name === undefined) return;
  const inbox = openInbox(ending);
  const channel = await receiving(session, { queue: name, inbox, prefetch: Math.min(Math.max(2 * max, LEAST_PREFETCH), MOST_PREFETCH) });
  yield [];
  for (let taken = await inbox.take(max); taken; taken = await inbox.take(max)) {
    const messages = understood(taken, name, consuming.strangers);
    if (messages.length > 0) yield messages;
    // On a channel that has ended meanwhile there is nothing to acknowledge: all of it comes again.
    const last = taken.at(-1);
    if (last && !ending.aborted) channel.ack(last, true);
  }
}

/** Resolves with the queue's name once this session may consume it, undefined when the signal aborts first. */
async function activeOn(session: Session, queue: FollowerQueue, { declared }: Consuming, signal: AbortSignal): Promise<string | undefined> {
  // One with a name fills while its consumers wait; one without is made by the one that consumes it.
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

async function receiving(session: Session, { queue, inbox, prefetch }: { queue: string; inbox: Inbox; prefetch: number }): Promise<Channel> {
  const channel = await session.channel();
  await channel.prefetch(prefetch);
  await channel.consume(queue, (delivery) => {
    if (delivery) inbox.put(delivery);
    else session.lose(`the queue ${queue} was deleted`);
  });
  return channel;
}
