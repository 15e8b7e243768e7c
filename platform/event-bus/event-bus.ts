/**
 * The event bus's port: it only makes followers fast and hands out offers. Losing, repeating or reordering
 * its messages harms nothing. It is opened with the table of all queues (queues.ts). Implementations: memory/ (embedded), rabbitmq/.
 *
 *     const bus = await openEventBus('memory:', { queues: [VISITS, LETTERS], log });
 *     void bus.work(LETTERS, { signal, prefetch: 1 }, async ({ stream }) => write(stream));
 *     await bus.offer(LETTERS, { stream: 'letter-42' });
 *     for await (const batch of bus.follow(VISITS, { signal, max: 500 })) await take(batch);
 */
import type { Position, RecordedEvent } from '../../contracts/message.ts';
import { Unavailable } from '../absences/unavailable.ts';
import type { FollowerQueue, WorkQueue } from './queues.ts';

/** An event on the bus, with its place in the chain of messages. */
export interface BusMessage {
  event: RecordedEvent;
  /** Position of the message before this one on the bus; START for the first. */
  previous: Position;
  /** Position of the message before this one in its category; START for the first. */
  previousInCategory: Position;
}

/** A hint that an item waits for a worker; the truth is the item's stream. */
export interface Offer {
  /** The item's stream, as `notification-<uuid>`. */
  stream: string;
  /**
   * The time for which the item waited, as it was recorded (ISO 8601): who offers it has waited for that, by its own clock. Missing in the offers of
   * older releases.
   */
  due?: string | undefined;
}

/** The one active publisher: it alone holds the exclusive queue `_forwarder`. */
export interface Publisher {
  /** Sends messages in this order. Resolves when the broker has confirmed all of them, rejects when any could not be confirmed. */
  publish(messages: readonly BusMessage[]): Promise<void>;
  /** Aborted when the exclusive hold is lost; nothing published after it counts. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

/** The state of a queue, for the operator. */
export interface QueueState {
  name: string;
  kind: 'follower' | 'work';
  depth: number;
  consumers: number;
  /** Messages dropped at the head of a full queue (a gap, which the follower fills from the store); undefined where the broker does not tell. */
  dropped?: number;
}

export interface EventBus {
  /**
   * Throws UnknownQueue where the bus was opened without this queue. Consumers ask at their start; `follow`, `offer` and `work` refuse such a queue
   * too.
   */
  check(queue: FollowerQueue | WorkQueue): void;

  /** Waits until this process alone may publish. Rejects only when the signal aborts. */
  publisher(signal: AbortSignal): Promise<Publisher>;

  /**
   * Consumes a follower's queue in batches of up to `max`, in arrival order; asking for the next batch acknowledges the one before.
   * The first batch is empty: from then on this consumer hears all that is published and, on a queue with an `activeHold`,
   * is the active one; other consumers wait for their first batch.
   * Ends when the signal aborts, or when the consumer is lost: the caller then follows again, and reads the store first.
   */
  follow(queue: FollowerQueue, options: { signal: AbortSignal; max: number }): AsyncIterable<BusMessage[]>;

  /** Puts an offer on a work queue. Rejects with QueueFull or BusUnavailable; the dispatcher offers again later. */
  offer(queue: WorkQueue, offer: Offer): Promise<void>;

  /**
   * Takes offers, at most `prefetch` at once, until the signal aborts; acknowledges each when the handler resolves.
   * An offer whose handler rejects comes again, up to the queue's delivery limit, and is then a dead letter; with DeadLetter at once; with Unavailable never. Resolves once every handler has ended.
   */
  work(queue: WorkQueue, options: { signal: AbortSignal; prefetch: number }, handle: (offer: Offer) => Promise<void>): Promise<void>;

  /** The states of all queues declared so far. Rejects with BusUnavailable. */
  queues(): Promise<QueueState[]>;

  close(): Promise<void>;
}

/** The work queue is full: it holds as many offers as it may. */
export class QueueFull extends Error {
  override readonly name = 'QueueFull';
}

/** The rejection of a handler for which trying again is of no use: the offer goes to `<queue>.dead` at once, with the message as its reason. */
export class DeadLetter extends Error {
  override readonly name = 'DeadLetter';
}

/** The name of the event bus where its absences are told. */
export const EVENT_BUS = 'the event bus';

/** The broker cannot be reached. */
export class BusUnavailable extends Unavailable {
  override readonly name = 'BusUnavailable';
  readonly dependency = EVENT_BUS;
  readonly answer = 'The message broker cannot be reached right now. Try again.';
}
