/** A listening client of Redis, on its own connection, which is pinged, and subscribed anew whenever it was lost. */
import type { Redis } from 'ioredis';
import { endClient, redisClient } from '../../../platform/connections/redis/client.ts';
import type { FanOutOptions } from '../fan-out.ts';

type Listener = (...args: never[]) => unknown;

/** The part of a Redis client that the adapter subscribes with. */
export interface Subscriber {
  subscribe(channels: readonly string[]): void;
  psubscribe(pattern: string): void;
  unsubscribe(channels: readonly string[]): void;
  punsubscribe(pattern: string): void;
  on(event: string, listener: Listener): void;
  off(event: string, listener: Listener): void;
  close(): Promise<void>;
}

/** Milliseconds between pings. A ping without an answer makes the connection anew. */
const PING_EVERY = 1_000;

/** Opens a subscriber, which listens as soon as Redis can be reached. Error: ServerRefused, where the URL is not one of Redis. */
export function openSubscriber(url: string, { log }: FanOutOptions): Subscriber {
  const client = redisClient(url);
  const wanted = { channels: new Set<string>(), patterns: new Set<string>() };
  const guarded = new Map<Listener, Listener>();
  let listening = false;

  function lost(): void {
    if (listening) log.warn({}, 'realtime: other processes cannot be heard until Redis is back');
    listening = false;
  }

  /** Sends a command. Its failure means that the connection is of no use, and makes it anew. */
  async function ask(question: () => Promise<unknown>): Promise<void> {
    try {
      await question();
    } catch {
      lost();
      client.disconnect(true);
    }
  }

  async function subscribeAll(): Promise<void> {
    const { channels, patterns } = wanted;
    if (channels.size > 0) await client.subscribe(...channels);
    if (patterns.size > 0) await client.psubscribe(...patterns);
    if (!listening) log.info({}, 'realtime: other processes are heard');
    listening = true;
  }

  /** Sends a command where the client is connected. Otherwise `subscribeAll` makes up for it with the next connection. */
  function now(question: (client: Redis) => Promise<unknown>): void {
    if (client.status === 'ready') void ask(() => question(client));
  }

  /** The listener with its errors logged: anybody on this Redis can send messages that the adapter cannot digest. */
  function guard(listener: Listener): Listener {
    const strange = (error: unknown) => log.warn({ err: error }, 'realtime: a message from another process was not understood');
    return async (...args) => {
      try {
        await listener(...args);
      } catch (error) {
        strange(error);
      }
    };
  }

  // The publishing connection to the same server logs why it cannot connect.
  client.on('error', () => {});
  client.on('ready', () => void ask(subscribeAll));
  client.on('close', lost);
  client.connect().catch(() => undefined);
  const clock = setInterval(() => now((it) => it.ping()), PING_EVERY).unref();

  return {
    subscribe(channels) {
      for (const channel of channels) wanted.channels.add(channel);
      now((it) => it.subscribe(...channels));
    },
    psubscribe(pattern) {
      wanted.patterns.add(pattern);
      now((it) => it.psubscribe(pattern));
    },
    unsubscribe(channels) {
      for (const channel of channels) wanted.channels.delete(channel);
      now((it) => it.unsubscribe(...channels));
    },
    punsubscribe(pattern) {
      wanted.patterns.delete(pattern);
      now((it) => it.punsubscribe(pattern));
    },
    on(event, listener) {
      if (event === 'error') return;
      const safe = guard(listener);
      guarded.set(listener, safe);
      client.on(event, safe as (...args: unknown[]) => void);
    },
    off(event, listener) {
      const safe = guarded.get(listener);
      if (safe) client.off(event, safe as (...args: unknown[]) => void);
      guarded.delete(listener);
    },
    async close() {
      listening = false;
      clearInterval(clock);
      await endClient(client);
    },
  };
}
