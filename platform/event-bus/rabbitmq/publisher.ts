/** The forwarder's publisher: in order, with confirms and a bounded number of messages in flight. */
import { orAborted } from '../../concurrency/abortable.ts';
import { takingTurns } from '../../concurrency/taking-turns.ts';
import { type BusMessage, BusUnavailable, type Publisher } from '../event-bus.ts';
import { encodeCloudEvent } from './cloud-events.ts';
import { keepThere } from './keep-there.ts';
import type { BusSession } from './session.ts';
import { EVENTS, published } from './topology.ts';
import { openConfirmWindow } from './window.ts';

export interface PublisherOptions {
  log: { warn(data: object, message: string): void };
  count(what: 'published' | 'refused', by: number): void;
}

/** Messages that are sent and not confirmed yet, at most. */
const IN_FLIGHT = 1_000;
/** Bytes of a message's body at most (RabbitMQ 4 takes messages of up to 16 MiB). */
const LARGEST = 8 * 2 ** 20;
/** Messages between two pauses in which other work of the process may have its turn. */
const TURN = 50;
/** Milliseconds between two warnings of the same kind. */
const QUIET = 60_000;

/** Publishes on a session that holds `_forwarder`. */
export async function publisherOn(session: BusSession, { log, count }: PublisherOptions): Promise<Publisher> {
  const { lost } = session;
  const channel = await session.confirmChannel();
  keepThere(session, published);
  const pause = takingTurns();
  const inFlight = openConfirmWindow(IN_FLIGHT, lost);
  let turn: Promise<void> = Promise.resolve();
  let warnedAt = Number.NEGATIVE_INFINITY;

  /**
   * Counts a refusal, which is an answer: a queue of somebody outside is full (ours drop instead), or is just being made. That queue misses the
   * message, which the log tells; the forwarder goes on.
   */
  function refused(): void {
    count('refused', 1);
    if (performance.now() - warnedAt < QUIET) return;
    warnedAt = performance.now();
    log.warn({}, 'a queue bound to our exchanges refuses messages, as full ones may, and misses them; forwarding goes on');
  }

  /** amqplib's callback: null for a confirm, an error for a refusal, and an error for every message without an answer when the channel ends. */
  function answered(error: Error | null, done: () => void): void {
    if (error && error.message !== 'message nacked') return;
    if (error) refused();
    else count('published', 1);
    inFlight.freed();
    done();
  }

  function sendOne(message: BusMessage, done: () => void): void {
    try {
      const { routingKey, content, options } = encodeCloudEvent(message);
      if (content.length > LARGEST) throw new RangeError(`it has ${content.length} bytes`);
      channel.publish(EVENTS, routingKey, content, options, (error: Error | null) => answered(error, done));
      inFlight.taken();
    } catch (error) {
      if ((error as Error).name === 'IllegalOperationError') return;
      // An event that the protocol cannot carry now it cannot carry later; followers find a gap and read the store.
      log.warn({ err: error, id: message.event.id, stream: message.event.stream }, 'an event cannot be a message and is left out');
      done();
    }
  }

  async function send(messages: readonly BusMessage[], done: () => void): Promise<void> {
    for (const [index, message] of messages.entries()) {
      await inFlight.room();
      if (index % TURN === 0) await pause();
      if (lost.aborted) return;
      sendOne(message, done);
    }
  }

  function checkHeld(): void {
    if (lost.aborted) throw new BusUnavailable('this publisher does not hold the bus any more', { cause: lost.reason });
  }

  return {
    lost,
    publish: async (messages) => {
      checkHeld();
      if (messages.length === 0) return;
      const all = Promise.withResolvers<void>();
      let left = messages.length;
      const done = () => {
        left--;
        if (left === 0) all.resolve();
      };
      turn = turn.then(() => send(messages, done));
      await orAborted(all.promise, lost);
      if (left > 0) checkHeld();
    },
    release: session.close,
  };
}
