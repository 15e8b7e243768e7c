/**
 * The fan-out through @socket.io/redis-adapter, with two of its faults kept away: it does not handle rejections of its calls to Redis (an unhandled
 * one would end the process), nor errors of its listeners. Messages that it publishes while Redis is down are lost.
 */
import { createAdapter } from '@socket.io/redis-adapter';
import { z } from 'zod';
import { connectRedis, type RedisConnection } from '../../../platform/connections/redis/connection.ts';
import type { Ended } from '../../consequences.ts';
import type { FanOut, FanOutOptions } from '../fan-out.ts';
import { openSubscriber } from './subscriber.ts';

/** The event that processes tell each other. */
const ENDED = 'ended';
const ended = z.strictObject({ userId: z.string(), sessionId: z.string().optional() });
/** Milliseconds after which a publication is given up: nobody waits for it. */
const FAN_OUT_PATIENCE = 1_000;
/** Milliseconds that the adapter waits for the answers of other processes. */
const ANSWERS_MS = 2_000;

/** The part of a Redis client that the adapter publishes with. */
function publisher(redis: RedisConnection): object {
  return {
    publish: (channel: string, message: string | Buffer) => redis.ask((client) => client.publish(channel, message)).catch(() => 0),
    send_command: (name: string, args: string[], done: (error: unknown, answer?: unknown) => void) =>
      void redis.ask((client) => client.call(name, ...args)).then((answer) => done(null, answer), done),
    on: () => {},
    off: () => {},
  };
}

/** Opens the fan-out. Error: ServerRefused. */
export async function openRedisFanOut(url: string, options: FanOutOptions): Promise<FanOut> {
  const redis = await connectRedis(url, { what: 'the fan-out of realtime', log: options.log, patience: FAN_OUT_PATIENCE });
  const subscriber = openSubscriber(url, options);
  const adapter = createAdapter(publisher(redis), subscriber, { key: keyOf(url), requestsTimeout: ANSWERS_MS });

  return {
    attach(io, heard) {
      io.adapter(adapter);
      io.on(ENDED, (told: unknown) => heard(ended.parse(told) as Ended));
      return { tell: (one) => void io.serverSideEmit(ENDED, one) };
    },
    async close() {
      await subscriber.close();
      await redis.close();
    },
  };
}

/** The prefix of the channels. All databases of a Redis share their channels: so the database's number is in it. */
function keyOf(url: string): string {
  return `taskledger:${new URL(url).pathname.slice(1) || '0'}:socket.io`;
}
