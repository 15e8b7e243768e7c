/**
 * Turns: of all that wait for a hold one knows that it is next. They consume a queue with a single active consumer, and the broker gives its message
 * to the one that came first; when the connection of that one ends, to the next. So a standby declares nothing until there is reason to.
 */
import type { ConsumeMessage } from 'amqplib';
import type { BusSession } from './session.ts';
import { declareTurnQueue } from './topology.ts';

/** A turn, from the moment that one waits for it. */
export interface Turn {
  /** Resolves when the turn has come; never where it is left before, or the session lost. */
  mine: Promise<void>;
  /** Gives it up, so that the next one has it. */
  leave(): Promise<void>;
}

/**
 * Milliseconds after which the message is put there anew, by who has it and by who waits: RabbitMQ ends a consumer that keeps one for 30 minutes, and
 * one that an operator has purged would be nobody's.
 */
const AGAIN = 60_000;

/** Lines up for a hold. The deletion of the queue loses the session. Errors: those of declaring and consuming. */
export async function lineUp(session: BusSession, hold: string): Promise<Turn> {
  const queue = await declareTurnQueue(session, hold);
  const channel = await session.channel();
  const { promise: mine, resolve: come } = Promise.withResolvers<void>();
  let message: ConsumeMessage | undefined;

  /** Puts a message there before the one at hand is given back: there is always one. Of several the queue keeps one. */
  function renew(): void {
    channel.sendToQueue(queue, Buffer.alloc(0));
    if (message) channel.ack(message);
    message = undefined;
  }

  await channel.prefetch(1);
  const { consumerTag } = await channel.consume(queue, (delivery) => {
    message = delivery ?? undefined;
    if (message) come();
    else session.lose(`the queue ${queue} was deleted`);
  });
  renew();
  const renewing = setInterval(renew, AGAIN);
  session.lost.addEventListener('abort', () => clearInterval(renewing), { once: true });
  return {
    mine,
    leave: async () => {
      clearInterval(renewing);
      if (session.lost.aborted) return;
      await channel.cancel(consumerTag);
      renew();
    },
  };
}
