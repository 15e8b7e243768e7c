/** Messages put on work, delay and dead queues: confirmed, at once or not at all. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Options } from 'amqplib';
import { BusUnavailable, QueueFull } from '../event-bus.ts';
import type { Link } from './link.ts';
import type { BusSession, SideChannel } from './session.ts';

/** A queue to put messages on. */
export interface Target {
  name: string;
  /** Messages that the queue holds at most. */
  limit: number;
  /** Declares the queue; called once for each session, and again when the queue was found gone. */
  declare(session: BusSession): Promise<unknown>;
}

export interface Offering {
  /** Resolves when the broker has confirmed. Errors: QueueFull, BusUnavailable (at once where there is no connection), ServerRefused of `declare`. */
  put(target: Target, content: Buffer, options: Options.Publish): Promise<void>;
}

/** Milliseconds that the broker has to confirm a message. */
const CONFIRM_PATIENCE = 5_000;

/** Milliseconds before a message is sent again to a queue that refused it and is not full: somebody else is just declaring that queue. */
const TRY_AGAIN = 50;

/** Milliseconds for which a queue that was found full is not asked again. */
const FULL_FOR = 1_000;

/** A channel with the queues that were declared in its time. */
interface Counter extends SideChannel {
  session: BusSession;
  declared: Map<string, Promise<unknown>>;
  /** Ids of messages that came back because their queue is gone. */
  returned: Set<string>;
}

export function offeringOn(link: Link, what: string): Offering {
  let opening: Promise<Counter> | undefined;
  let counter: Counter | undefined;
  let ids = 0;
  /** When each queue that was full is tried again, by the monotonic clock; and the questions under way: one for all that were refused at once. */
  const fullUntil = new Map<string, number>();
  const asking = new Map<string, Promise<void>>();

  async function open(session: BusSession): Promise<Counter> {
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

  async function declareOnce({ session, declared }: Counter, { name, declare }: Target): Promise<void> {
    const declaring = declared.get(name) ?? declare(session);
    declared.set(name, declaring);
    try {
      await declaring;
    } catch (error) {
      declared.delete(name);
      throw error;
    }
  }

  /** Sends a message; true when the broker confirmed it, false when it refused. */
  async function confirmed({ channel, returned }: Counter, { name }: Target, content: Buffer, options: Options.Publish): Promise<boolean> {
    const messageId = String(++ids);
    const error = await new Promise<Error | null>((resolve) => {
      channel.sendToQueue(name, content, { ...options, messageId, persistent: true, mandatory: true }, resolve);
    });
    if (returned.delete(messageId)) throw unavailable(`has lost the queue ${name}`);
    if (error && error.message !== 'message nacked') throw error;
    return error === null;
  }

  /**
   * Error: QueueFull. A queue that was full refuses until it is down to four fifths; here it counts as full from a half on, because workers take
   * from it meanwhile.
   */
  function checkNotFull({ session }: Counter, target: Target): Promise<void> {
    const { name } = target;
    const answer = asking.get(name) ?? askIfFull(session, target).finally(() => asking.delete(name));
    asking.set(name, answer);
    return answer;
  }

  async function askIfFull(session: BusSession, { name, limit }: Target): Promise<void> {
    const { messageCount } = await session.aside((channel) => channel.checkQueue(name));
    if (messageCount * 2 < limit) return;
    fullUntil.set(name, performance.now() + FULL_FOR);
    throw full(name);
  }

  async function attempt(target: Target, content: Buffer, options: Options.Publish): Promise<boolean> {
    const counter = await counterNow();
    try {
      await declareOnce(counter, target);
      if (await confirmed(counter, target, content, options)) return true;
      await checkNotFull(counter, target);
      return false;
    } catch (error) {
      if (!(error instanceof QueueFull)) counter.declared.delete(target.name);
      throw error;
    }
  }

  /** Tries until the broker has confirmed; `refused` is told of each refusal by a queue that is not full. */
  async function attempts(target: Target, sending: () => Promise<boolean>, { over, refused }: { over: AbortSignal; refused(): void }): Promise<void> {
    if (performance.now() < (fullUntil.get(target.name) ?? 0)) throw full(target.name);
    while (!over.aborted && !(await sending())) {
      refused();
      await delay(TRY_AGAIN);
    }
  }

  return {
    put: async (target, content, options) => {
      const over = new AbortController();
      const late = delay(CONFIRM_PATIENCE, 'late' as const, { signal: over.signal, ref: false }).catch(() => 'late' as const);
      try {
        let isRefusing = false;
        const refused = () => {
          isRefusing = true;
        };
        const outcome = await Promise.race([attempts(target, () => attempt(target, content, options), { over: over.signal, refused }), late]);
        // A policy of the broker's operator may have made the queue narrower than we know.
        if (outcome === 'late') throw isRefusing ? full(target.name) : unavailable(`did not confirm within ${CONFIRM_PATIENCE / 1_000} s`);
      } catch (error) {
        throw asOurs(error, what);
      } finally {
        over.abort();
      }
    },
  };
}

function full(name: string): QueueFull {
  return new QueueFull(`${name} holds as many messages as it may`);
}

/** An error as the port has it: QueueFull and BusUnavailable, which the dispatcher handles, and ServerRefused, which an operator must know of. */
function asOurs(error: unknown, what: string): Error {
  const known = error as Error;
  const isOurs = error instanceof BusUnavailable || error instanceof QueueFull || known.name === 'ServerRefused';
  return isOurs ? known : new BusUnavailable(`${what}: ${known.message}`, { cause: error });
}
