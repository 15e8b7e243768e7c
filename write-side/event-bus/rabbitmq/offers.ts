/** Puts messages on work, delay and dead queues: confirmed, at once or not at all. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Options } from 'amqplib';
import { BusUnavailable, QueueFull } from '../event-bus.ts';
import type { Link } from './link.ts';
import type { Session, SideChannel } from './session.ts';

/** Makes sure of a queue; called once a session, and again when the queue was found gone. */
export type Declare = (session: Session) => Promise<unknown>;

export interface Offering {
  /** Resolves when the broker has it. Errors: QueueFull, BusUnavailable (at once where there is no connection), ServerRefused of `declare`. */
  put(queue: string, declare: Declare, content: Buffer, options: Options.Publish): Promise<void>;
}

/** Milliseconds that the broker has to answer. */
const PATIENCE = 5_000;

/** A queue that is just being declared by somebody else refuses for a moment, too; one that is full still does later. */
const TRIES = 3;
const TRY_AGAIN = 50;

/** One channel, and what is declared as long as it lives. */
interface Counter extends SideChannel {
  session: Session;
  declared: Map<string, Promise<unknown>>;
  /** Ids of messages that came back because their queue is gone. */
  returned: Set<string>;
}

export function offeringOn(link: Link, what: string): Offering {
  let opening: Promise<Counter> | undefined;
  let counter: Counter | undefined;
  let ids = 0;

  async function open(session: Session): Promise<Counter> {
    const opened = { ...(await session.sideChannel()), session, declared: new Map(), returned: new Set<string>() };
    opened.channel.on('return', ({ properties }) => opened.returned.add(properties.messageId));
    counter = opened;
    return opened;
  }

  function unavailable(why: string): BusUnavailable {
    return new BusUnavailable(`${what} ${why}`);
  }

  async function counterNow(): Promise<Counter> {
    const session = link.current();
    if (!session) throw unavailable('does not answer');
    if (session.blocked()) throw unavailable('takes nothing: it has no memory or disk left');
    if (counter && counter.session === session && !counter.lost.aborted) return counter;
    opening ??= open(session).finally(() => {
      opening = undefined;
    });
    return opening;
  }

  async function declareOnce({ session, declared }: Counter, queue: string, declare: Declare): Promise<void> {
    const declaring = declared.get(queue) ?? declare(session);
    declared.set(queue, declaring);
    try {
      await declaring;
    } catch (error) {
      declared.delete(queue);
      throw error;
    }
  }

  async function confirmed({ channel, returned, declared }: Counter, queue: string, content: Buffer, options: Options.Publish): Promise<void> {
    const messageId = String(++ids);
    const error = await new Promise<Error | null>((resolve) => {
      channel.sendToQueue(queue, content, { ...options, messageId, persistent: true, mandatory: true }, resolve);
    });
    if (returned.delete(messageId)) {
      declared.delete(queue);
      throw unavailable(`has lost the queue ${queue}`);
    }
    if (error?.message === 'message nacked') throw new QueueFull(`${queue} holds as many messages as it may`);
    if (error) throw error;
  }

  async function attempt(queue: string, declare: Declare, content: Buffer, options: Options.Publish): Promise<void> {
    for (let tries = 1; ; tries++) {
      const counter = await counterNow();
      await declareOnce(counter, queue, declare);
      const refused = await confirmed(counter, queue, content, options).catch(asRefused);
      if (!refused) return;
      if (tries === TRIES) throw refused;
      await delay(TRY_AGAIN * tries);
    }
  }

  return {
    put: async (queue, declare, content, options) => {
      const patience = new AbortController();
      const late = delay(PATIENCE, 'late' as const, { signal: patience.signal, ref: false }).catch(() => 'late' as const);
      try {
        const outcome = await Promise.race([attempt(queue, declare, content, options), late]);
        if (outcome === 'late') throw unavailable(`did not confirm within ${PATIENCE / 1_000} s`);
      } catch (error) {
        throw asOurs(error, what);
      } finally {
        patience.abort();
      }
    },
  };
}

function asRefused(error: unknown): QueueFull {
  if (error instanceof QueueFull) return error;
  throw error;
}

/** What the dispatcher knows to handle, and what an operator must know. */
function asOurs(error: unknown, what: string): Error {
  const known = error as Error;
  const isOurs = error instanceof BusUnavailable || error instanceof QueueFull || known.name === 'ServerRefused';
  return isOurs ? known : new BusUnavailable(`${what}: ${known.message}`, { cause: error });
}
